_base_ = "../mini/hps-isi_r18_mini.py"
title = "HPS + ISI and the maximum of the instances (IMP)"
priors = [dict(type="InitialSegmentation"), dict(type="InstanceMaximum")]
model = dict(
    prior=dict(_delete_=True, type="PriorSequence", priors=priors),
    semantic_head=dict(extra_channels=2 * _base_.num_things),
)
