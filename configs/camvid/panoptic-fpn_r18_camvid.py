_base_ = [
    "../_base_/models/narrow_r18_pretrained.py",
    "../_base_/datasets/camvid.py",
    "../_base_/schedules/schedule_mini.py",
    "../_base_/iter_runtime.py",
]
max_iters = 500
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
_base_.param_scheduler[1].end = max_iters
