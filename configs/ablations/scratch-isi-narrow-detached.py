_base_ = "./scratch-isi-narrow.py"
title = "B, no gradient through ISI"
model = dict(isi=dict(detach=True))
