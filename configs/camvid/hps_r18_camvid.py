_base_ = "./panoptic-fpn_r18_camvid.py"
model = dict(
    type="HPS",
    roi_head=dict(type="InstanceRoIHead"),
    panoptic_fusion_head=dict(type="DifferentiableFusionHead"),
)
