_base_ = "./panoptic-fpn_r50_coco.py"
model = dict(
    type="HPS",
    roi_head=dict(type="InstanceRoIHead"),
    panoptic_fusion_head=dict(type="DifferentiableFusionHead"),
)
