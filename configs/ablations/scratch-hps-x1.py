_base_ = "./scratch-panoptic-fpn.py"
title = "HPS, mask logits × 1, from scratch"
model = dict(
    type="HPS",
    roi_head=dict(type="InstanceRoIHead"),
    panoptic_fusion_head=dict(type="DifferentiableFusionHead", mask_scale=1.0, loss_weight=0.2),
)
