# Backbones and necks come from configs/mini/pretrain_one-task_r18_mini.py, whose networks have not
# seen each other's task. The other systems start from a Panoptic FPN, which has seen both.
_base_ = "../mini/semantic-plus-instance_r18_mini.py"
title = "Semantic + Instance, pretrained for one task each"
model = dict(
    backbone=dict(init_cfg=None),
    neck=dict(init_cfg=None),
    init_cfg=dict(
        type="Pretrained",
        checkpoint="{{$ONE_TASK:work_dirs/pretrain_one-task_r18_mini/pretrained.pth}}",
    ),
)
