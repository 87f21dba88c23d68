# Generated street scenes of 256x128 pixels in the layout of Cityscapes:
#   python tools/dataset_converters/mini_cityscapes.py data/mini_cityscapes
_base_ = "./cityscapes_panoptic.py"
data_root = "{{$MINI_CITYSCAPES_ROOT:data/mini_cityscapes}}"
img_scale = (256, 128)
# The scale of both Resize transforms.
_base_.train_pipeline[2].scale = _base_.test_pipeline[1].scale = img_scale
train_dataloader = dict(
    batch_size=4,
    sampler=dict(type="RepeatableInfiniteSampler", shuffle=True),
    dataset=dict(data_root=data_root, pipeline=_base_.train_pipeline),
)
val_dataloader = dict(
    batch_size=4, dataset=dict(data_root=data_root, pipeline=_base_.test_pipeline)
)
test_dataloader = val_dataloader
