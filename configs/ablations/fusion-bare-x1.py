_base_ = "./fusion-bare.py"
title = "bare stuff logits, mask logits x 1"
model = dict(panoptic_fusion_head=dict(mask_scale=1.0))
