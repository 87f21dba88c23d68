# KITTI's instance benchmark of 2015 in the layout of Cityscapes, 640x192 pixels:
#   python tools/dataset_converters/kitti.py KITTI data/kitti
# Set KITTI_ROOT if it is not in data/kitti.
_base_ = "./cityscapes_panoptic.py"
data_root = "{{$KITTI_ROOT:data/kitti}}"
img_scale = (640, 192)
crop_size = (416, 160)  # width, height

train_pipeline = [
    *_base_.train_pipeline[:2],
    # Photos are few, so no two crops are alike.
    dict(type="RandomResize", scale=img_scale, ratio_range=(0.75, 1.5), keep_ratio=True),
    dict(type="RandomCrop", crop_size=crop_size, allow_negative_crop=True),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PhotoMetricDistortion", contrast_range=(0.7, 1.3), saturation_range=(0.7, 1.3)),
    *_base_.train_pipeline[4:],
]
_base_.test_pipeline[1].scale = img_scale
train_dataloader = dict(
    batch_size=4,
    sampler=dict(type="RepeatableInfiniteSampler", shuffle=True),
    dataset=dict(data_root=data_root, pipeline=train_pipeline),
)
val_dataloader = dict(dataset=dict(data_root=data_root, pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
# Three quarters of the instances are cars.
val_evaluator = test_evaluator = dict(class_keys=("car",))
