_base_ = "../mini/hps-literal_r18_mini.py"
title = "HPS, the paper read literally"
max_iters = 500
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
_base_.param_scheduler[1].end = max_iters
