_base_ = "../mini/hps_r18_mini.py"
title = "hidden instances stay"
model = dict(test_cfg=dict(panoptic=dict(mask_overlap=1.0)))
