_base_ = "../mini/hps_r18_mini.py"
title = "HPS, panoptic loss 0.2 in place of 0.5"
model = dict(panoptic_fusion_head=dict(loss_weight=0.2))
