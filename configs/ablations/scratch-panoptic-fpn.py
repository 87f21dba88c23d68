_base_ = "../mini/panoptic-fpn_r18_mini.py"
title = "Panoptic FPN, from scratch"
model = dict(backbone=dict(init_cfg=None), neck=dict(init_cfg=None))
max_iters = 600
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
_base_.param_scheduler[1].end = max_iters
