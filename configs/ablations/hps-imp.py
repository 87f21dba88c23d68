_base_ = "../mini/hps-isi_r18_mini.py"
title = "HPS + maximum of the instances (IMP)"
model = dict(prior=dict(_delete_=True, type="InstanceMaximum"))
