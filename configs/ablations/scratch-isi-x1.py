_base_ = "./scratch-hps-x1.py"
title = "HPS + ISI, mask logits × 1, from scratch"
model = dict(
    isi=dict(type="InitialSegmentation"),
    semantic_head=dict(type="ISISemanticHead", isi_channels=64),
)
