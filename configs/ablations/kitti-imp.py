_base_ = "../kitti/hps-isi_lite0_kitti.py"
title = "HPS + maximum of the instances (IMP)"
model = dict(prior=dict(_delete_=True, type="InstanceMaximum"))
