_base_ = "./isi-rivals.py"
title = "HPS + ISI, rivals, gradient of the mask logits × 4 as well"
model = dict(panoptic_fusion_head=dict(scale_gradient=True))
