_base_ = "../mini/hps_r18_mini.py"
title = "HPS, gradient of the mask logits × 4 as well"
model = dict(panoptic_fusion_head=dict(scale_gradient=True))
