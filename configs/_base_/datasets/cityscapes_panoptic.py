# Cityscapes in its official layout. Set CITYSCAPES_ROOT if it is not in data/cityscapes.
dataset_type = "CityscapesPanopticDataset"
data_root = "{{$CITYSCAPES_ROOT:data/cityscapes}}"
img_scale = (1024, 512)
# The paper leaves out images with more than 30 instances: 2649 of 2975 train and 415 of 500 val
# images remain.
filter_cfg = dict(max_instances=30)

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
# Not stated in the paper: the batch size. MMDetection trains Cityscapes with 8 images per step.
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type="RepeatableSampler", shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_prefix=dict(img="leftImg8bit/train", seg="gtFine/train"),
        filter_cfg=filter_cfg,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_prefix=dict(img="leftImg8bit/val", seg="gtFine/val"),
        filter_cfg=filter_cfg,
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type="CityscapesPanopticMetric")
test_evaluator = val_evaluator
