# CamVid in the layout of Cityscapes, 11 classes, 320x240 pixels:
#   python tools/dataset_converters/camvid.py CAMVID data/camvid
# CamVid labels no instances: car, person and rider are split into connected components.
_base_ = "./cityscapes_panoptic.py"
data_root = "{{$CAMVID_ROOT:data/camvid}}"
img_scale = (320, 240)
metainfo = dict(
    classes=(
        "person",
        "rider",
        "car",
        "road",
        "sidewalk",
        "building",
        "fence",
        "pole",
        "traffic sign",
        "vegetation",
        "sky",
    )
)
# The scale of both Resize transforms.
_base_.train_pipeline[2].scale = _base_.test_pipeline[1].scale = img_scale
train_dataloader = dict(
    batch_size=4,
    sampler=dict(type="RepeatableInfiniteSampler", shuffle=True),
    dataset=dict(data_root=data_root, metainfo=metainfo, pipeline=_base_.train_pipeline),
)
val_dataloader = dict(
    batch_size=4,
    dataset=dict(data_root=data_root, metainfo=metainfo, pipeline=_base_.test_pipeline),
)
test_dataloader = val_dataloader
