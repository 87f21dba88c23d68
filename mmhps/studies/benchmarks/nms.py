"""Non-maximum suppression against mmcv's compiled operator.

On random boxes, and on what MMDetection's Mask R-CNN with R-101 and random weights hands to it at
1024x512: proposals as in testing and as in training, and the boxes of all classes. Both must keep
the same boxes in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import mmcv._ext
import mmcv.ops
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import Config
from torch import Tensor

from mmhps.apis.model_zoo import zoo_root
from mmhps.compat.mmcv_ops import compiled_operators
from mmhps.compat.patching import replaced
from mmhps.ops import greedy_nms
from mmhps.studies.timing import Row, compare

SIZE = 1024, 512
TARGET = 5.0

Input = tuple[Tensor, Tensor, float]
"""Boxes, scores and threshold of a call."""


def random_input(count: int, size: tuple[int, int], threshold: float) -> Input:
    """Boxes of 16 to 96 pixels, anywhere in an image."""
    generator = torch.Generator().manual_seed(0)
    first = torch.rand(count, 2, generator=generator) * torch.tensor(size)
    sides = 16 + 80 * torch.rand(count, 2, generator=generator)
    boxes = torch.cat([first, first + sides], dim=1)
    return boxes, torch.rand(count, generator=generator), threshold


@contextmanager
def recorded() -> Iterator[list[Input]]:
    """Record the inputs of all calls of mmcv's NMS inside a ``with`` statement."""
    inputs, call = [], mmcv._ext.nms

    def record(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
        inputs.append((boxes.clone(), scores.clone(), iou_threshold))
        return call(boxes, scores, iou_threshold=iou_threshold, offset=offset)

    with replaced(mmcv._ext, "nms", record):
        yield inputs


def network_inputs(size: tuple[int, int]) -> dict[str, Input]:
    """The inputs of NMS in a network of random weights on an image of noise."""
    cfg = Config.fromfile(zoo_root() / "configs/cityscapes/panoptic-fpn_r101_cityscapes.py").model
    cfg.backbone.init_cfg = None
    cfg.test_cfg.rcnn.score_thr = 0.0
    torch.manual_seed(0)
    model = MODELS.build(cfg).eval()
    width, height = size
    shape = dict(img_shape=(height, width), scale_factor=(1.0, 1.0), ori_shape=(height, width))
    samples = [DetDataSample(metainfo=shape)]
    with torch.inference_mode(), recorded() as inputs:
        x = model.extract_feat(torch.randn(1, 3, height, width))
        proposals = model.rpn_head.predict(x, samples, rescale=False)
        model.roi_head.predict(x, proposals, samples, rescale=False)
        model.rpn_head.test_cfg = cfg.train_cfg.rpn_proposal
        model.rpn_head.predict(x, samples, rescale=False)
    names = ["proposals in testing", "all classes", "proposals in training"]
    return dict(zip(names, inputs, strict=True))


def run(repeats: int = 7) -> tuple[list[Row], bool]:
    """Compare on boxes of an image, and on 20,000 in one of twice its width and height.

    Args:
        repeats: Timed calls of each.

    Returns:
        The rows, and whether both keep the same.

    Raises:
        RuntimeError: mmcv has no compiled operators.
    """
    rows: list[Row] = []
    agree = True
    inputs = {
        "one level": random_input(2000, SIZE, 0.7),
        **network_inputs(SIZE),
        "large": random_input(20000, (2 * SIZE[0], 2 * SIZE[1]), 0.7),
    }
    for name, (boxes, scores, threshold) in inputs.items():
        ours = partial(greedy_nms, boxes, scores, threshold)
        peer = compiled_operators()(partial(mmcv.ops.nms, boxes, scores, threshold))
        agree &= torch.equal(ours(), peer()[1])
        rows.append(compare(f"{name}, {len(boxes)} boxes", ours, peer, TARGET, repeats))
    return rows, agree
