"""Check that operators, training and prediction work on a device, and time them."""

from __future__ import annotations

import copy
import math
import statistics
from collections.abc import Callable, Iterator
from typing import Any

import mmcv.ops
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from torch import Tensor
from tqdm import tqdm

from mmhps.apis.model_zoo import zoo_root
from mmhps.engine import BFloat16OptimWrapper
from mmhps.ops import greedy_nms, roi_align
from mmhps.studies.benchmarks.networks import make_batch
from mmhps.studies.benchmarks.nms import random_input
from mmhps.studies.timing import elapsed_ms


def check_operators(device: str, count: int = 2000) -> Iterator[tuple[str, bool]]:
    """Compare NMS and RoIAlign on a device, ours and those that mmcv uses there, with the CPU's.

    Yields:
        What was compared, and whether it is equal: NMS exactly, RoIAlign to 1e-4.
    """
    for offset in (0, 1):
        boxes, scores, threshold = random_input(count, (1024, 512), 0.5)
        expected = greedy_nms(boxes, scores, threshold, offset)
        there = boxes.to(device), scores.to(device), threshold, offset
        yield f"NMS, offset {offset}", greedy_nms(*there).tolist() == expected.tolist()
        yield f"mmcv's NMS, offset {offset}", mmcv.ops.nms(*there)[1].tolist() == expected.tolist()
    generator = torch.Generator().manual_seed(0)
    rois = torch.cat([torch.arange(count)[:, None] % 2, boxes], dim=1)
    features = torch.randn(2, 32, 128, 256, generator=generator)
    operators = {"RoIAlign": roi_align, "mmcv's RoIAlign": mmcv.ops.roi_align}
    for ratio in (0, 2):
        options = (7, 7), 0.25, ratio
        expected = _value_and_gradient(roi_align, features, rois, *options)
        for name, function in operators.items():
            found = _value_and_gradient(function, features.to(device), rois.to(device), *options)
            equal = all(
                torch.allclose(a.cpu(), b, rtol=1e-4, atol=1e-4)
                for a, b in zip(found, expected, strict=True)
            )
            yield f"{name} and its gradient, sampling ratio {ratio}", equal


def _value_and_gradient(
    function: Callable[..., Tensor], x: Tensor, *options: Any
) -> tuple[Tensor, Tensor]:
    x = x.clone().requires_grad_()
    value = function(x, *options)
    weights = torch.linspace(-1, 1, value.numel(), device=value.device).view_as(value)
    return value.detach(), torch.autograd.grad((value * weights).sum(), x)[0]


def train(
    config: str, size: tuple[int, int], steps: int, device: str, amp: bool
) -> dict[str, float]:
    """Train on two images of noise with ten rectangles, from random weights, and predict.

    Args:
        config: Path below ``configs/``.
        size: (width, height).
        steps: Training steps.
        device: Device of the network.
        amp: Mixed precision: float16 with loss scaling on a GPU, bfloat16 on a CPU.

    Returns:
        ``first_loss`` and ``last_loss``; ``ms``, the median time of the later half of the steps;
        ``memory_mib``, the peak on a GPU; ``instances`` and ``segments`` of the prediction.

    Raises:
        RuntimeError: The loss is not finite, or the prediction holds no segment.
    """
    cfg = Config.fromfile(zoo_root() / "configs" / config)
    cfg.model.backbone.init_cfg = None
    torch.manual_seed(0)
    model = MODELS.build(cfg.model).to(device).train()
    batch = make_batch(*size, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.002, momentum=0.9)
    mixed = AmpOptimWrapper if device.startswith("cuda") else BFloat16OptimWrapper
    wrapper = (mixed if amp else OptimWrapper)(optimizer=optimizer, clip_grad=dict(max_norm=10))
    losses: list[float] = []

    def step() -> None:
        logged = model.train_step(copy.deepcopy(batch), wrapper)
        losses.append(logged["loss"].item())

    times = [elapsed_ms(step) for _ in tqdm(range(steps), desc="steps", leave=False)]
    if not all(map(math.isfinite, losses)):
        raise RuntimeError(f"the loss is not finite: {losses}")
    ms = statistics.median_high(times[len(times) // 2 :])
    result = dict(first_loss=losses[0], last_loss=losses[-1], ms=ms)
    if device.startswith("cuda"):
        result["memory_mib"] = torch.cuda.max_memory_allocated() / 2**20
    model.eval()
    with torch.inference_mode():
        sample = model.test_step(copy.deepcopy(batch))[0]
    segments = len(sample.pred_panoptic_seg.sem_seg.unique())
    if not segments:
        raise RuntimeError("the prediction holds no segment")
    return result | dict(instances=len(sample.pred_instances), segments=segments)


def device_name(device: str) -> str:
    """Name a device, e.g. by the model of the GPU."""
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else device
