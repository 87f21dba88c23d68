# CamVid in the layout of Cityscapes, 11 classes, 320x240 pixels:
#   python tools/dataset_converters/camvid.py CAMVID data/camvid
# CamVid labels no instances: those of car, person and rider are connected components.
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
train_pipeline = [
    dict(type="LoadImageFromFile", imdecode_backend="pillow"),
    dict(type="LoadPanopticIds"),
    dict(type="Resize", scale=img_scale, keep_ratio=True),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PanopticIdsToInstances"),
    dict(type="PackPanopticInputs"),
]
test_pipeline = [
    dict(type="LoadImageFromFile", imdecode_backend="pillow"),
    dict(type="Resize", scale=img_scale, keep_ratio=True),
    dict(type="PackPanopticInputs"),
]
train_dataloader = dict(
    batch_size=4,
    sampler=dict(type="RepeatableInfiniteSampler", shuffle=True),
    dataset=dict(data_root=data_root, metainfo=metainfo, pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=4, dataset=dict(data_root=data_root, metainfo=metainfo, pipeline=test_pipeline)
)
test_dataloader = val_dataloader
