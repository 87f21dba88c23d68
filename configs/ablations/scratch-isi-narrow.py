_base_ = "./scratch-isi-rivals-x4.py"
title = "A, 32 channels, usual initialization (B)"
model = dict(semantic_head=dict(block_channels=32, identity_init=False))
