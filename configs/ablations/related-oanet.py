# Panoptic FPN with OANet's order of the instances.
_base_ = "./fusion-heuristic.py"
title = "OANet's order"
model = dict(panoptic_fusion_head=dict(type="OANetFusionHead"))
