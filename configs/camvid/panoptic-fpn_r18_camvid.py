_base_ = [
    "../_base_/models/narrow_r18_pretrained.py",
    "../_base_/datasets/camvid.py",
    "../_base_/schedules/schedule_mini.py",
    "../_base_/iter_runtime.py",
]
max_iters = 500
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
_base_.param_scheduler[1].end = max_iters
num_things = 3
num_stuff = 8
model = dict(
    roi_head=dict(bbox_head=dict(num_classes=num_things), mask_head=dict(num_classes=num_things)),
    semantic_head=dict(num_things_classes=num_things, num_stuff_classes=num_stuff),
    panoptic_fusion_head=dict(num_things_classes=num_things, num_stuff_classes=num_stuff),
)
