_base_ = "./kitti-imagenet-panoptic-fpn.py"
title = "HPS + ISI, from ImageNet weights alone"
model = dict(
    type="HPS",
    roi_head=dict(type="InstanceRoIHead"),
    semantic_head=dict(type="PriorSemanticHead", block_channels=64),
    prior=dict(type="InitialSegmentation"),
    panoptic_fusion_head=dict(type="DifferentiableFusionHead"),
)
