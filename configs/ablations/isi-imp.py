_base_ = "../mini/hps-isi_r18_mini.py"
title = "HPS + ISI and the maximum of the instances (IMP)"
model = dict(
    prior=dict(
        _delete_=True,
        type="PriorSequence",
        priors=[dict(type="InitialSegmentation"), dict(type="InstanceMaximum")],
    ),
    semantic_head=dict(extra_channels=2 * _base_.num_things),
)
