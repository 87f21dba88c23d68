_base_ = "./fusion-heuristic.py"
title = "heuristic merge, unsure stuff becomes void"
model = dict(test_cfg=dict(panoptic=dict(stuff_score_thr=0.5)))
