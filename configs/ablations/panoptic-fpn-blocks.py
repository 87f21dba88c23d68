# As many parameters as HPS + ISI has, but for the first block's input channels of the ISI.
_base_ = "../mini/panoptic-fpn_r18_mini.py"
title = "Panoptic FPN with the blocks of HPS + ISI"
model = dict(
    semantic_head=dict(type="PriorSemanticHead", extra_channels=0, block_channels=64),
)
