# Runtime for schedules that count iterations, not epochs.
_base_ = "./default_runtime.py"
default_hooks = dict(
    logger=dict(interval=20, log_metric_by_epoch=False),
    # At least two: the oldest one is removed before the next one is written.
    checkpoint=dict(by_epoch=False, interval=200, max_keep_ckpts=2),
)
log_processor = dict(by_epoch=False, window_size=20)
