_base_ = "../mini/panoptic-fpn_r18_mini.py"
title = "Panoptic FPN, semantic loss 2 in place of 1"
model = dict(semantic_head=dict(loss_seg=dict(loss_weight=2.0)))
max_iters = 500
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
_base_.param_scheduler[1].end = max_iters
