_base_ = "../mini/hps-isi_r18_mini.py"
title = "HPS + ISI, no gradient through Eq. (1)"
model = dict(roi_head=dict(class_gradient=False))
