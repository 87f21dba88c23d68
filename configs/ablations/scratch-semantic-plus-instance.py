_base_ = "./scratch-panoptic-fpn.py"
title = "Semantic + Instance, from scratch"
model = dict(type="SemanticPlusInstance")
