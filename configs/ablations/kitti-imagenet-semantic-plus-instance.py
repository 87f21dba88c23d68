_base_ = "./kitti-imagenet-panoptic-fpn.py"
title = "Semantic + Instance, from ImageNet weights alone"
model = dict(type="SemanticPlusInstance")
