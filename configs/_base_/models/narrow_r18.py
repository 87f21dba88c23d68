# A network that trains in minutes on two CPU cores: R-18 and all heads at a fraction of their
# width, with batch normalization everywhere, as training may start from scratch.
_base_ = "./panoptic_fpn.py"
norm_cfg = dict(type="BN", requires_grad=True)
# One sample per bin, and pyramid levels chosen for images of a quarter of the size.
roi_extractor = dict(out_channels=64, finest_scale=28, roi_layer=dict(sampling_ratio=1))
model = dict(
    backbone=dict(depth=18, base_channels=32, frozen_stages=-1, norm_eval=False, init_cfg=None),
    neck=dict(in_channels=[32, 64, 128, 256], out_channels=64, norm_cfg=norm_cfg),
    rpn_head=dict(in_channels=64, feat_channels=64, anchor_generator=dict(scales=[3])),
    roi_head=dict(
        bbox_roi_extractor=roi_extractor,
        bbox_head=dict(in_channels=64, fc_out_channels=256),
        mask_roi_extractor=roi_extractor,
        mask_head=dict(num_convs=2, in_channels=64, conv_out_channels=64, norm_cfg=norm_cfg),
    ),
    semantic_head=dict(in_channels=64, inner_channels=32, loss_seg=dict(loss_weight=1.0)),
    train_cfg=dict(
        rpn_proposal=dict(nms_pre=200, max_per_img=200), rcnn=dict(sampler=dict(num=64))
    ),
    test_cfg=dict(
        rpn=dict(nms_pre=200, max_per_img=200),
        # Scores are low after a short training.
        rcnn=dict(score_thr=0.4),
        # 2048 pixels of 2048x1024 correspond to 32 pixels of 256x128.
        panoptic=dict(stuff_area_limit=32),
    ),
)
