# COCO panoptic in its official layout (docs/data.md); set COCO_ROOT to use it from elsewhere.
_base_ = "./cityscapes_panoptic.py"
data_root = "{{$COCO_ROOT:data/coco}}"
# MMDetection's size
img_scale = (1333, 800)
# the size of both Resize
_base_.train_pipeline[2].scale = _base_.test_pipeline[1].scale = img_scale
dataset = dict(type="CocoPanopticIdDataset", data_root=data_root, filter_cfg=None)
train_dataloader = dict(
    batch_sampler=dict(type="AspectRatioBatchSampler"),
    dataset=dict(
        dataset,
        ann_file="annotations/panoptic_train2017.json",
        data_prefix=dict(img="train2017", seg="annotations/panoptic_train2017"),
        pipeline=_base_.train_pipeline,
    ),
)
val_dataloader = dict(
    dataset=dict(
        dataset,
        ann_file="annotations/panoptic_val2017.json",
        data_prefix=dict(img="val2017", seg="annotations/panoptic_val2017"),
        pipeline=_base_.test_pipeline,
    )
)
test_dataloader = val_dataloader
val_evaluator = dict(prefix="coco_panoptic")
test_evaluator = val_evaluator
del dataset, _base_.filter_cfg, _base_.dataset_type
