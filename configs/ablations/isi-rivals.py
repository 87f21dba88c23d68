_base_ = "../mini/hps-isi_r18_mini.py"
title = "HPS + ISI, rivals"
model = dict(panoptic_fusion_head=dict(false_detections=True))
