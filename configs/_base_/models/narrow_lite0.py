# EfficientNet-Lite0 with ImageNet weights from an installed package, and narrow heads: trains in
# minutes on two CPU cores. Not the paper's ResNet.
_base_ = "./narrow_r18.py"
model = dict(
    data_preprocessor=dict(mean=[127.0, 127.0, 127.0], std=[128.0, 128.0, 128.0]),
    backbone=dict(
        _delete_=True,
        type="EfficientNetLite",
        # The stages up to stride 4 stay as they are, as do all statistics: photos are few.
        frozen_stages=3,
        norm_eval=True,
        init_cfg=dict(type="Pretrained", checkpoint="lite0://imagenet"),
    ),
    neck=dict(in_channels=[24, 40, 112, 320]),
    semantic_head=dict(inner_channels=64),
)
