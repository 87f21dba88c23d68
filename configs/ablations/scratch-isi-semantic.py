_base_ = "./scratch-isi-rivals-x4.py"
title = "A, semantic loss 2 in place of 1"
model = dict(semantic_head=dict(loss_seg=dict(loss_weight=2.0)))
