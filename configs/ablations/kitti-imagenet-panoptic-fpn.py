_base_ = "../kitti/panoptic-fpn_lite0_kitti.py"
title = "Panoptic FPN, from ImageNet weights alone"
# Neck and heads start from nothing, not from weights that have learnt both tasks on drawn scenes.
_base_.model.backbone.init_cfg = dict(type="Pretrained", checkpoint="lite0://imagenet")
_base_.model.neck.pop("init_cfg")
_base_.model.rpn_head.pop("init_cfg")
_base_.model.roi_head.pop("init_cfg")
_base_.model.semantic_head.pop("init_cfg")
max_iters = 600
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
_base_.param_scheduler[1].end = max_iters
