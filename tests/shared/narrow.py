"""Settings that make a detector of MMDetection or mmhps narrow: it is the wiring that is tested."""

NARROW = dict(
    neck=dict(out_channels=16),
    rpn_head=dict(in_channels=16, feat_channels=16),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=16),
        bbox_head=dict(in_channels=16, fc_out_channels=32),
        mask_roi_extractor=dict(out_channels=16),
        mask_head=dict(in_channels=16, conv_out_channels=16),
    ),
)
NARROW_R18 = dict(
    backbone=dict(depth=18, base_channels=8, init_cfg=None),
    neck=dict(in_channels=[8, 16, 32, 64]),
)
ONE_CONVOLUTION = dict(
    roi_head=dict(mask_head=dict(num_convs=1)),
    semantic_head=dict(in_channels=16, inner_channels=8),
)
