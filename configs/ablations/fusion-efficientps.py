# Trained as Panoptic FPN, whose checkpoints fit; the fusion is one of testing.
_base_ = "../mini/hps_r18_mini.py"
title = "EfficientPS"
model = dict(panoptic_fusion_head=dict(type="EfficientPSFusionHead"))
