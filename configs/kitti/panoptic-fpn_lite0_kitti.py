_base_ = [
    "../_base_/models/narrow_lite0_pretrained.py",
    "../_base_/datasets/kitti.py",
    "../_base_/schedules/schedule_mini.py",
    "../_base_/iter_runtime.py",
]
# 2048 pixels of 2048x1024 correspond to 120 pixels of 640x192.
model = dict(test_cfg=dict(panoptic=dict(stuff_area_limit=120)))
max_iters = 300
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
_base_.param_scheduler[1].end = max_iters
optim_wrapper = dict(
    optimizer=dict(lr=0.002), paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.2)))
)
