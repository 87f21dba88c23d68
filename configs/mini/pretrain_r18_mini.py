# The backbone and the neck that the mini systems start from: Panoptic FPN from scratch, on other
# scenes than theirs (docs/data.md).
_base_ = [
    "../_base_/models/narrow_r18.py",
    "../_base_/datasets/mini_cityscapes.py",
    "../_base_/schedules/schedule_mini.py",
    "../_base_/iter_runtime.py",
]
data_root = "data/mini_pretrain"
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = test_dataloader = dict(dataset=dict(data_root=data_root))
max_iters = 1200
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
_base_.param_scheduler[1].end = max_iters
randomness = dict(seed=1652002755)  # that of the published weights
