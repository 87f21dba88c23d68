_base_ = "../mini/hps-isi_r18_mini.py"
title = "HPS + ISI and AUNet's attention"
model = dict(
    prior=dict(
        _delete_=True,
        type="PriorSequence",
        priors=[dict(type="BackgroundAttention", in_channels=64), dict(type="InitialSegmentation")],
    )
)
