_base_ = "../mini/hps_r18_mini.py"
title = "unclaimed things become stuff"
model = dict(panoptic_fusion_head=dict(void_things=False))
