_base_ = [
    "../_base_/models/narrow_r18_pretrained.py",
    "../_base_/datasets/camvid.py",
    "../_base_/schedules/schedule_mini.py",
    "../_base_/iter_runtime.py",
]
max_iters = 500
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.01, by_epoch=False, begin=0, end=50),
    dict(type="CosineAnnealingLR", by_epoch=False, begin=50, end=max_iters, eta_min=0),
]
