_base_ = "./panoptic-fpn_r18_camvid.py"
model = dict(type="SemanticPlusInstance")
