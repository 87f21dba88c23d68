# EfficientPS's fusion, trained with: in the paper it serves testing only (fusion-efficientps.py).
_base_ = "./fusion-efficientps.py"
title = "EfficientPS's fusion, trained"
model = dict(panoptic_fusion_head=dict(loss_weight=0.5))
