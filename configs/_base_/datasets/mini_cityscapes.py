# Generated street scenes of 256x128 pixels in the layout of Cityscapes:
#   python tools/dataset_converters/mini_cityscapes.py data/mini_cityscapes
_base_ = "./cityscapes_panoptic.py"
data_root = "{{$MINI_CITYSCAPES_ROOT:data/mini_cityscapes}}"
img_scale = (256, 128)
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
    dataset=dict(data_root=data_root, pipeline=train_pipeline),
)
val_dataloader = dict(batch_size=4, dataset=dict(data_root=data_root, pipeline=test_pipeline))
test_dataloader = val_dataloader
