# Panoptic FPN with TASCNet's consistency loss.
_base_ = "./fusion-heuristic.py"
title = "TASCNet's consistency loss"
model = dict(panoptic_fusion_head=dict(type="TASCNetFusionHead"))
