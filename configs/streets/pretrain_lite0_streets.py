# The first part of the training for photos of streets: HPS + ISI on KITTI, CamVid and drawn scenes
# together. The licences of the photos allow non-commercial use only.
_base_ = "../kitti/hps-isi_lite0_kitti.py"
camvid_root = "{{$CAMVID_ROOT:data/camvid}}"
drawn_root = "{{$DRAWN_ROOT:data/drawn_640x192}}"
# Larger than the files of KITTI's configs: what is small on a photo gets more pixels.
_base_.train_pipeline[2].update(scale=(960, 288), ratio_range=(0.7, 1.4))
_base_.train_pipeline[3].update(crop_size=(384, 240))
kitti = dict(_base_.train_dataloader.dataset, pipeline=_base_.train_pipeline)
camvid_pipeline = [
    *_base_.train_pipeline[:2],
    dict(type="RandomResize", scale=(640, 480), ratio_range=(0.7, 1.4), keep_ratio=True),
    dict(type="RandomCrop", crop_size=(384, 240), allow_negative_crop=True),
    *_base_.train_pipeline[4:],
]
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type="ConcatDataset",
        # An epoch: 780 crops of KITTI, 367 of CamVid, 700 of drawn scenes.
        datasets=[
            dict(type="RepeatDataset", times=6, dataset=kitti),
            dict(
                type=_base_.dataset_type,
                data_root=camvid_root,
                data_prefix=kitti["data_prefix"],
                pipeline=camvid_pipeline,
            ),
            dict(
                type=_base_.dataset_type,
                data_root=drawn_root,
                data_prefix=kitti["data_prefix"],
                pipeline=_base_.train_pipeline,
            ),
        ],
    )
)
# Photos of any shape are resized to fit into 960x576 pixels, or 576x960.
test_pipeline = [
    _base_.test_pipeline[0],
    dict(type="Resize", scale=(960, 576), keep_ratio=True),
    *_base_.test_pipeline[2:],
]
val_dataloader = test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
# Best on CamVid's validation photos among 0, 0.5, 0.6 and 0.7, with weights of 1500 steps.
model = dict(test_cfg=dict(panoptic=dict(stuff_score_thr=0.6)))
max_iters = 4000
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
_base_.param_scheduler[1].end = max_iters
weights_license = "CC-BY-NC-SA-3.0"  # that of KITTI's photos
