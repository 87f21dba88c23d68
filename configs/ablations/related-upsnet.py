# UPSNet's panoptic head on the semantic branch of the paper. In training it sees 70 % of the
# ground-truth boxes; the box classifier learns nothing from it.
_base_ = "../mini/hps_r18_mini.py"
title = "UPSNet's head"
model = dict(
    roi_head=dict(class_gradient=False, train_instances=dict(type="GroundTruthBoxes", keep=0.7)),
    panoptic_fusion_head=dict(type="UPSNetFusionHead"),
    test_cfg=dict(panoptic=dict(mask_overlap=0.3)),
)
