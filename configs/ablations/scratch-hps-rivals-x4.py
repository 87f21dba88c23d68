_base_ = "./scratch-hps-x1.py"
title = "HPS, rivals, from scratch"
model = dict(panoptic_fusion_head=dict(mask_scale=4.0, scale_gradient=True, false_detections=True))
