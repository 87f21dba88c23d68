_base_ = "../mini/hps_r18_mini.py"
title = "heuristic merge"
model = dict(
    panoptic_fusion_head=dict(
        _delete_=True,
        type="HeuristicMergeHead",
        num_things_classes=_base_.num_things,
        num_stuff_classes=_base_.num_stuff,
    )
)
