"""A config in MMEngine's Python style, whose types are classes, through the tools."""

from pathlib import Path

import numpy as np
import pytest
import torch
from toys import final_weights, run_tool

from mmhps.apis import PanopticInferencer

CONFIG = """
from mmcv.transforms import LoadImageFromFile
from mmdet.datasets.transforms import RandomFlip, Resize
from mmdet.models import DetDataPreprocessor
from mmengine.dataset import DefaultSampler, RepeatDataset
from mmengine.hooks import CheckpointHook
from mmengine.optim import ConstantLR, OptimWrapper
from mmengine.runner import IterBasedTrainLoop, TestLoop, ValLoop
from torch.optim import SGD
from toys import GrassModel

from mmhps.datasets import (
    CocoPanopticIdDataset, LoadPanopticIds, PackPanopticInputs, PanopticIdsToInstances,
    RepeatableInfiniteSampler,
)
from mmhps.evaluation import CityscapesPanopticMetric
from mmhps.visualization import PanopticLocalVisualizer

default_scope = "mmdet"
model = dict(type=GrassModel, data_preprocessor=dict(type=DetDataPreprocessor))
train_pipeline = [
    dict(type=LoadImageFromFile),
    dict(type=LoadPanopticIds),
    dict(type=Resize, scale=(8, 8), keep_ratio=True),
    dict(type=RandomFlip, prob=0.5),
    dict(type=PanopticIdsToInstances),
    dict(type=PackPanopticInputs),
]
test_pipeline = [
    dict(type=LoadImageFromFile),
    dict(type=LoadPanopticIds),
    dict(type=PanopticIdsToInstances),
    dict(type=PackPanopticInputs),
]
part = dict(
    type=CocoPanopticIdDataset, data_root="ROOT", ann_file="a.json",
    data_prefix=dict(img="a", seg="a"),
)
part_train = dict(**part, pipeline=train_pipeline)
part_val = dict(**part, pipeline=test_pipeline, test_mode=True)
train_dataloader = dict(
    batch_size=2, num_workers=0, dataset=dict(type=RepeatDataset, times=2, dataset=part_train),
    sampler=dict(type=RepeatableInfiniteSampler, shuffle=True),
)
val_dataloader = dict(
    batch_size=1, num_workers=0, dataset=part_val,
    sampler=dict(type=DefaultSampler, shuffle=False),
)
test_dataloader = val_dataloader
val_evaluator = dict(type=CityscapesPanopticMetric)
test_evaluator = val_evaluator
train_cfg = dict(type=IterBasedTrainLoop, max_iters=6, val_interval=6)
val_cfg = dict(type=ValLoop)
test_cfg = dict(type=TestLoop)
optim_wrapper = dict(type=OptimWrapper, optimizer=dict(type=SGD, lr=1e-6))
param_scheduler = [dict(type=ConstantLR, factor=1.0, by_epoch=False)]
log_processor = dict(by_epoch=False)
visualizer = dict(type=PanopticLocalVisualizer)
default_hooks = dict(checkpoint=dict(type=CheckpointHook, interval=2, by_epoch=False))
"""


@pytest.fixture
def lazy(config, coco_files):
    """The config."""
    config.write_text(CONFIG.replace("ROOT", str(coco_files)))
    return config


def test_train_and_resume(lazy):
    run_tool("train", lazy, "--work-dir", "work", "--amp")
    unbroken = final_weights(Path("work"))
    for left in ("iter_6.pth", "last_checkpoint"):
        Path("work", left).unlink()
    again = lazy.rename("again_" + lazy.name)
    run_tool("train", again, "--work-dir", "work", "--amp", "--resume")
    for key, value in final_weights(Path("work")).items():
        assert torch.equal(value, unbroken[key]), key


def test_test(lazy, checkpoint, capsys):
    options = ("--cfg-options", "test_dataloader.num_workers=1")
    run_tool("test", lazy, checkpoint, *options)
    # Grass everywhere, of which 3 and 6 of 64 pixels are cats.
    assert "PQ_st 95.31" in capsys.readouterr().out


def test_inferencer(lazy, checkpoint):
    inferencer = PanopticInferencer(lazy, checkpoint, show_progress=False)
    (result,) = inferencer(np.zeros((8, 8, 3), np.uint8))["predictions"]
    assert [segment["category"] for segment in result.segments] == ["grass"]


@pytest.mark.parametrize(
    ("tool", "arguments", "message"),
    [
        ("analysis_tools/browse_dataset.py", ("--out-dir", "drawn", "--num", "2"), "2 pictures"),
        ("analysis_tools/check_dataset.py", (), "No faults found."),
        ("misc/print_config.py", (), "CocoPanopticIdDataset"),
    ],
    ids=["browse", "check", "print"],
)
def test_tools(lazy, load_tool, tool, arguments, message, capsys):
    load_tool(tool).main([str(lazy), *arguments])
    assert message in capsys.readouterr().out
