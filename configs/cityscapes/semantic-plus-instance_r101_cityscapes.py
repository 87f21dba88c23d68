_base_ = "./panoptic-fpn_r101_cityscapes.py"
model = dict(type="SemanticPlusInstance")
