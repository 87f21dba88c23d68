_base_ = [
    "../_base_/models/panoptic_fpn.py",
    "../_base_/datasets/coco_panoptic.py",
    "../_base_/schedules/schedule_1x.py",
    "../_base_/default_runtime.py",
]
num_things = 80
num_stuff = 53
counts = dict(num_things_classes=num_things, num_stuff_classes=num_stuff)
model = dict(
    backbone=dict(depth=50, init_cfg=dict(type="Pretrained", checkpoint="torchvision://resnet50")),
    roi_head=dict(bbox_head=dict(num_classes=num_things), mask_head=dict(num_classes=num_things)),
    semantic_head=counts,
    panoptic_fusion_head=counts,
    # MMDetection's least area of stuff for COCO
    test_cfg=dict(panoptic=dict(stuff_area_limit=4096)),
)
del counts
