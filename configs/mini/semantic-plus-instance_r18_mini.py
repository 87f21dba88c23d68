_base_ = "./panoptic-fpn_r18_mini.py"
model = dict(type="SemanticPlusInstance")
