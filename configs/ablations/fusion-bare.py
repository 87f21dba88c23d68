_base_ = "../mini/hps_r18_mini.py"
title = "bare stuff logits"
model = dict(panoptic_fusion_head=dict(stuff_values="logits"))
