# Optimizer and schedule are not stated in the paper. They are those of MMDetection's Cityscapes
# configs: SGD with 0.01 for 8 images per step, 64 epochs, a tenth of the rate in the last eighth.
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=64, val_interval=8)
val_cfg = dict(type="ValLoop")
test_cfg = dict(type="TestLoop")
param_scheduler = [
    dict(type="LinearLR", start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(type="MultiStepLR", begin=0, end=64, by_epoch=True, milestones=[56], gamma=0.1),
]
optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="SGD", lr=0.01, momentum=0.9, weight_decay=0.0001),
    clip_grad=dict(max_norm=35, norm_type=2),
)
auto_scale_lr = dict(enable=False, base_batch_size=8)
