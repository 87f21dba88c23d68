_base_ = "./fusion-bare-x1.py"
title = "all of these choices literal"
model = dict(
    panoptic_fusion_head=dict(score_weight=0.0, void_things=False),
    test_cfg=dict(panoptic=dict(mask_overlap=1.0)),
)
