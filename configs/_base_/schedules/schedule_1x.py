# MMDetection's schedule_1x.py: 12 epochs with 16 images per step, a tenth of the rate from the 8th
# and again from the 11th. The gradients are clipped as on Cityscapes.
_base_ = "./schedule_cityscapes.py"
train_cfg = dict(max_epochs=12, val_interval=1)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(type="MultiStepLR", begin=0, end=12, by_epoch=True, milestones=[8, 11], gamma=0.1),
]
optim_wrapper = dict(optimizer=dict(lr=0.02))
auto_scale_lr = dict(base_batch_size=16)
