_base_ = "../mini/hps_r18_mini.py"
title = "HPS, mask logits × 1"
model = dict(panoptic_fusion_head=dict(mask_scale=1.0))
