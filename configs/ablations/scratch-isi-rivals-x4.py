_base_ = "./scratch-isi-rivals-x1.py"
title = "HPS + ISI, rivals, from scratch (A)"
model = dict(panoptic_fusion_head=dict(mask_scale=4.0, scale_gradient=True))
