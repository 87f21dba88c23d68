# Trained without UPSNet's channel of unknown things; the fusion is one of testing.
_base_ = "../mini/hps_r18_mini.py"
title = "UPSNet"
model = dict(
    panoptic_fusion_head=dict(type="UPSNetFusionHead"),
    test_cfg=dict(panoptic=dict(mask_overlap=0.3)),
)
