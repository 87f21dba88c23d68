_base_ = "../mini/hps_r18_mini.py"
title = "unsure stuff becomes void"
model = dict(test_cfg=dict(panoptic=dict(stuff_score_thr=0.5)))
