_base_ = "./panoptic-fpn_lite0_kitti.py"
model = dict(
    type="HPS",
    roi_head=dict(type="InstanceRoIHead"),
    panoptic_fusion_head=dict(type="DifferentiableFusionHead"),
)
