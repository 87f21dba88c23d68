# Panoptic FPN with AUNet's attention of the semantic branch.
_base_ = "./fusion-heuristic.py"
title = "AUNet's attention"
model = dict(prior=dict(type="BackgroundAttention", in_channels=64))
