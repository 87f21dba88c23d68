# The other systems start from a Panoptic FPN, which has seen both tasks. These two networks have
# each learnt one, on the same scenes (docs/study.md has the commands).
_base_ = "../mini/semantic-plus-instance_r18_mini.py"
title = "Semantic + Instance, pretrained for one task each"
model = dict(
    backbone=dict(init_cfg=None),
    neck=dict(init_cfg=None),
    init_cfg=dict(
        type="Pretrained", checkpoint="{{$ONE_TASK:work_dirs/pretrain_one-task/parts.pth}}"
    ),
)
