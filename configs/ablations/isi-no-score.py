_base_ = "../mini/hps-isi_r18_mini.py"
title = "HPS + ISI, without the score"
model = dict(panoptic_fusion_head=dict(score_weight=0.0))
