"""A network, images and a config with which tools/train.py and tools/test.py take no time."""

import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
from mmdet.registry import DATASETS, METRICS, MODELS
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.structures import InstanceData, PixelData

from mmhps.datasets import PanopticIdDataset

TOOLS = Path(__file__).parents[2] / "tools"

CONFIG = """
default_scope = "mmdet"
custom_imports = dict(imports=["mmhps.modules", "toys"], allow_failed_imports=False)
model = dict(type="ToyModel", data_preprocessor=dict(type="DetDataPreprocessor"))
pipeline = [dict(type="LoadImageFromFile"), dict(type="PackDetInputs")]
dataset = dict(type="ToyDataset", data_root="ROOT", pipeline=pipeline, test_mode=True)
train_dataloader = dict(
    batch_size=2, num_workers=0, dataset=dataset,
    sampler=dict(type="RepeatableInfiniteSampler", shuffle=True),
)
val_dataloader = test_dataloader = dict(
    batch_size=1, num_workers=0, dataset=dataset, sampler=dict(type="DefaultSampler", shuffle=False)
)
val_evaluator = test_evaluator = dict(type="ToyMetric")
train_cfg = dict(type="IterBasedTrainLoop", max_iters=4, val_interval=2)
val_cfg = dict(type="ValLoop")
test_cfg = dict(type="TestLoop")
optim_wrapper = dict(type="OptimWrapper", optimizer=dict(type="SGD", lr=0.001))
param_scheduler = [dict(type="ConstantLR", factor=1.0, by_epoch=False)]
auto_scale_lr = dict(enable=False, base_batch_size=1)
log_processor = dict(by_epoch=False)
visualizer = dict(type="DetLocalVisualizer")
default_hooks = dict(
    logger=dict(type="LoggerHook", interval=1),
    checkpoint=dict(
        type="CheckpointHook", interval=2, by_epoch=False, save_best="toy/boxes", rule="greater"
    ),
    visualization=dict(type="DetVisualizationHook"),
)
"""

WEIGHTS = {"layer.weight": torch.zeros(1, 3, 1, 1), "layer.bias": torch.zeros(1)}


@DATASETS.register_module()
class ToyDataset(PanopticIdDataset):
    """``count`` images without labels, each of which takes ``seconds``."""

    METAINFO = dict(classes=("box",), thing_classes=("box",), palette=[(255, 0, 0)])

    def __init__(self, *args, seconds=0, count=4, **kwargs):
        self.seconds, self.count = seconds, count
        super().__init__(*args, data_prefix=dict(img=None), **kwargs)

    def list_images(self):
        paths = [f"{self.data_root}/{i}.png" for i in range(self.count)]
        return [dict(img_path=p, img_id=i, seg_map_path=None) for i, p in enumerate(paths)], []

    def prepare_data(self, idx):
        time.sleep(self.seconds)
        return super().prepare_data(idx)


@MODELS.register_module()
class ToyModel(BaseModel):
    def __init__(self, data_preprocessor=None, init_cfg=None):
        super().__init__(data_preprocessor, init_cfg)
        self.layer = torch.nn.Conv2d(3, 1, 1)

    def forward(self, inputs, data_samples=None, mode="tensor"):
        if mode == "loss":
            return dict(loss=self.layer(inputs).float().pow(2).mean())
        for sample in data_samples:
            sample.pred_instances = InstanceData(
                bboxes=torch.tensor([[1.0, 1, 6, 6]]),
                labels=torch.tensor([0]),
                scores=torch.tensor([0.9]),
            )
        return data_samples


@MODELS.register_module()
class NoisyModel(ToyModel):
    """Draws random numbers."""

    def forward(self, inputs, data_samples=None, mode="tensor"):
        noise = torch.rand(()) + float(np.random.rand())
        return super().forward(inputs * (1 + noise), data_samples, mode)


@MODELS.register_module()
class GrassModel(NoisyModel):
    """Predicts class 1 everywhere, in images of 8x8 pixels."""

    def forward(self, inputs, data_samples=None, mode="tensor"):
        out = super().forward(inputs, data_samples, mode)
        if mode == "predict":
            for sample in out:
                sample.pred_panoptic_seg = PixelData(sem_seg=torch.ones(1, 8, 8).int())
        return out


@METRICS.register_module()
class ToyMetric(BaseMetric):
    default_prefix = "toy"

    def process(self, data_batch, data_samples):
        self.results.extend(data_samples)

    def compute_metrics(self, results):
        images = {r["img_id"] for r in results}
        return dict(
            boxes=sum(len(r["pred_instances"]["labels"]) for r in results), images=len(images)
        )


def run_tool(name, *argv):
    """Calls the command in this process."""
    spec = importlib.util.spec_from_file_location(f"tool_{name}", TOOLS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main([str(argument) for argument in argv])


def logged():
    """The text of the log files of all runs."""
    return "".join(path.read_text() for path in sorted(Path().rglob("*.log")))


def final_weights(folder):
    """The tensors of a run of six steps."""
    return torch.load(folder / "iter_6.pth", weights_only=False)["state_dict"]


def environment(**variables):
    """The variables with which a process finds this module, and no GPU."""
    path = f"{Path(__file__).parent}:{TOOLS.parent}"
    return dict(os.environ, PYTHONPATH=path, CUDA_VISIBLE_DEVICES="", **variables)


def run_two_processes(tool, *arguments):
    """What torchrun prints."""
    torchrun = "torch.distributed.run --standalone --local-addr=127.0.0.1 --nproc-per-node=2"
    command = [*torchrun.split(), str(TOOLS / f"{tool}.py"), *map(str, arguments)]
    run = subprocess.run(
        [sys.executable, "-m", *command, "--launcher", "pytorch"],
        capture_output=True,
        text=True,
        env=environment(OMP_NUM_THREADS="1"),
    )
    assert run.returncode == 0, run.stderr
    assert "Warning" not in run.stderr
    return run.stdout
