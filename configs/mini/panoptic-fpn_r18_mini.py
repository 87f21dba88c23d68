_base_ = [
    "../_base_/models/narrow_r18_pretrained.py",
    "../_base_/datasets/mini_cityscapes.py",
    "../_base_/schedules/schedule_mini.py",
    "../_base_/iter_runtime.py",
]
