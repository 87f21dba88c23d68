# HPS + ISI for photos of streets, second part of its training: from the weights of the first, with
# crops as high as a photo of KITTI. Trained weights: docs/model_zoo.md.
_base_ = "./pretrain_lite0_streets.py"
load_from = "{{$STREETS_START:work_dirs/pretrain_lite0_streets/iter_4000.pth}}"
kitti, camvid, drawn = _base_.train_dataloader.dataset.datasets
kitti.dataset.pipeline[3].crop_size = (480, 288)
camvid.pipeline[3].crop_size = drawn.pipeline[3].crop_size = (480, 288)
# An epoch: 1040 crops of KITTI, 734 of CamVid, 700 of drawn scenes.
kitti.times = 8
train_dataloader = dict(
    dataset=dict(datasets=[kitti, dict(type="RepeatDataset", times=2, dataset=camvid), drawn])
)
max_iters = 2800
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
_base_.param_scheduler[1].end = max_iters
