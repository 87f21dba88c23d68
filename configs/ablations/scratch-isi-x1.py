_base_ = "./scratch-hps-x1.py"
title = "HPS + ISI, mask logits × 1, from scratch"
model = dict(
    prior=dict(type="InitialSegmentation"),
    semantic_head=dict(type="PriorSemanticHead", block_channels=64),
)
