# In place of ImageNet weights: those of configs/mini/pretrain_r18_mini.py, trained on other scenes.
_base_ = "./narrow_r18.py"
pretrained = "{{ fileDirname }}/../../../checkpoints/r18-fpn_mini-pretrain-3daea5f4.pth"
model = dict(
    backbone=dict(
        init_cfg=dict(_delete_=True, type="Pretrained", prefix="backbone.", checkpoint=pretrained)
    ),
    neck=dict(init_cfg=dict(type="Pretrained", prefix="neck.", checkpoint=pretrained)),
)
