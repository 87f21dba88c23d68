_base_ = "./panoptic-fpn_r101_cityscapes.py"
model = dict(
    backbone=dict(depth=50, init_cfg=dict(type="Pretrained", checkpoint="torchvision://resnet50"))
)
