_base_ = "../mini/hps-isi_r18_mini.py"
title = "HPS + ISI, no gradient through ISI"
model = dict(prior=dict(detach=True))
