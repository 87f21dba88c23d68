# SOGNet's relation on UPSNet's head: all ground-truth boxes, no channel of unknown things.
_base_ = "./related-upsnet.py"
title = "SOGNet's relation"
model = dict(
    roi_head=dict(train_instances=dict(keep=1.0)),
    panoptic_fusion_head=dict(type="SOGNetFusionHead"),
)
