_base_ = "./scratch-isi-x1.py"
title = "HPS + ISI, rivals, mask logits × 1, from scratch"
model = dict(panoptic_fusion_head=dict(false_detections=True))
