_base_ = "./scratch-isi-rivals-x4.py"
title = "A, panoptic loss 0.5 in place of 0.2"
model = dict(panoptic_fusion_head=dict(loss_weight=0.5))
