_base_ = "./panoptic-fpn_lite0_kitti.py"
model = dict(type="SemanticPlusInstance")
