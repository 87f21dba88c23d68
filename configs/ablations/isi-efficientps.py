# HPS + ISI with EfficientPS's fusion in place of its own, trained with.
_base_ = "../mini/hps-isi_r18_mini.py"
title = "HPS + ISI, EfficientPS's fusion"
model = dict(panoptic_fusion_head=dict(type="EfficientPSFusionHead", loss_weight=0.5))
