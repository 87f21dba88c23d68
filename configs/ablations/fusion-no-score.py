_base_ = "../mini/hps_r18_mini.py"
title = "without the score"
model = dict(panoptic_fusion_head=dict(score_weight=0.0))
