# The weights that the systems on real streets start from: Panoptic FPN from ImageNet weights, on
# drawn scenes (docs/data.md).
_base_ = [
    "../_base_/models/narrow_lite0.py",
    "../_base_/datasets/kitti.py",
    "../_base_/schedules/schedule_mini.py",
    "../_base_/iter_runtime.py",
]
data_root = "{{$DRAWN_ROOT:data/drawn_640x192}}"
# Columns of the pictures: the steps are short, and drawn scenes are many.
_base_.train_pipeline[3].crop_size = (160, 288)
model = dict(test_cfg=dict(panoptic=dict(stuff_area_limit=120)))
train_dataloader = dict(dataset=dict(data_root=data_root, pipeline=_base_.train_pipeline))
val_dataloader = test_dataloader = dict(dataset=dict(data_root=data_root))
max_iters = 1200
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
_base_.param_scheduler[1].end = max_iters
optim_wrapper = dict(
    optimizer=dict(lr=0.002), paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.2)))
)
