_base_ = "./scratch-isi-narrow.py"
title = "B, no gradient through ISI"
model = dict(prior=dict(detach=True))
