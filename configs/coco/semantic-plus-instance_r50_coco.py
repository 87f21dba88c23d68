_base_ = "./panoptic-fpn_r50_coco.py"
model = dict(type="SemanticPlusInstance")
