"""Non-maximum suppression by hand; against slow, obvious code in tests/test_properties."""

import math
import sys

import mmcv.ops
import pytest
import torch
from generated import random_boxes

from mmhps.compat.mmcv_ops import compiled_operators, has_compiled_operators
from mmhps.ops import greedy_nms

MODULE = sys.modules[greedy_nms.__module__]
compiled = pytest.mark.skipif(
    not has_compiled_operators(), reason="mmcv is installed without compiled operators"
)


def test_no_boxes():
    kept = greedy_nms(torch.zeros(0, 4), torch.zeros(0), 0.5)
    assert kept.dtype is torch.int64 and kept.tolist() == []


def test_a_box_that_is_suppressed_suppresses_nothing():
    # IoU of neighbours: 6 / 14; of the first and the third: 2 / 18.
    boxes = torch.tensor([[0.0, 0, 10, 1], [4, 0, 14, 1], [8, 0, 18, 1]])
    assert greedy_nms(boxes, torch.tensor([0.9, 0.8, 0.7]), 0.4).tolist() == [0, 2]
    assert greedy_nms(boxes, torch.tensor([0.8, 0.9, 0.7]), 0.4).tolist() == [1]
    assert greedy_nms(boxes, torch.tensor([0.7, 0.8, 0.9]), 0.1).tolist() == [2]


def test_iou_equal_to_the_threshold_is_kept():
    boxes = torch.tensor([[0.0, 0, 2, 2], [0, 0, 2, 1]])  # IoU 2 / 4
    scores = torch.tensor([0.9, 0.8])
    assert greedy_nms(boxes, scores, 0.5).tolist() == [0, 1]
    assert greedy_nms(boxes, scores, 0.4999).tolist() == [0]


def test_offset_counts_the_last_pixel():
    boxes = torch.tensor([[0.0, 0, 1, 1], [1, 0, 2, 1]])  # 2 of 6 pixels, or a common edge
    scores = torch.tensor([0.9, 0.8])
    assert greedy_nms(boxes, scores, 0.3, 0).tolist() == [0, 1]
    assert greedy_nms(boxes, scores, 0.3, 1).tolist() == [0]
    assert greedy_nms(boxes, scores, 0.34, 1).tolist() == [0, 1]


def test_threshold_0_suppresses_whatever_overlaps():
    boxes = torch.tensor([[0.0, 0, 10, 10], [9, 9, 30, 30], [10, 0, 20, 9]])
    assert greedy_nms(boxes, torch.tensor([3.0, 2, 1]), 0).tolist() == [0, 2]


def test_equal_boxes_and_scores():
    boxes, scores = torch.tensor([[0.0, 0, 8, 8]]).repeat(5, 1), torch.full((5,), 0.5)
    assert greedy_nms(boxes, scores, 0.5).tolist() == [0]
    assert greedy_nms(boxes, scores, 1.0).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "odd",
    [
        (0.0, 0, math.nan, 10),
        (0.0, 0, math.inf, 10),
        (-math.inf, 0, math.inf, 10),
        (5.0, 5, 5, 5),
        (10.0, 10, 0, 0),
    ],
    ids=["nan", "infinite", "infinite on both sides", "without area", "turned around"],
)
def test_a_box_without_an_iou_is_kept_and_suppresses_nothing(odd):
    boxes = torch.tensor([odd, (0.0, 0, 10, 10), odd, (0.0, 0, 10, 9)])
    assert greedy_nms(boxes, torch.tensor([4.0, 3, 2, 1]), 0.5).tolist() == [0, 1, 2]


def test_score_of_nan_ranks_first():
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 9]])
    assert greedy_nms(boxes, torch.tensor([0.9, math.nan]), 0.5).tolist() == [1]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(dtype):
    boxes, scores = (values.to(dtype) for values in random_boxes(0))
    expected = greedy_nms(boxes.float(), scores.float(), 0.5)
    assert 1 < len(expected) < 60
    assert torch.equal(greedy_nms(boxes, scores, 0.5), expected)


def test_no_gradient_is_needed():
    boxes, scores = random_boxes(1)
    kept = greedy_nms(boxes.clone().requires_grad_(), scores.clone().requires_grad_(), 0.5)
    assert torch.equal(kept, greedy_nms(boxes, scores, 0.5))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((torch.zeros(2, 5), torch.zeros(2), 0.5), r"boxes of shape \(N, 4\).* got \(2, 5\)"),
        ((torch.zeros(2, 4), torch.zeros(3), 0.5), r"scores of shape \(N,\).* and \(3,\)"),
        ((torch.zeros(2, 4), torch.zeros(2), -0.1), "iou_threshold must be at least 0, got -0.1"),
        ((torch.zeros(2, 4), torch.zeros(2), math.nan), "at least 0, got nan"),
        ((torch.zeros(2, 4), torch.zeros(2), 0.5, 2), "offset must be 0 or 1, got 2"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        greedy_nms(*arguments)


@compiled
@pytest.mark.parametrize("kind", ["spread", "row", "pile"])
def test_20000_boxes_equal_mmcv(kind):
    generator = torch.Generator().manual_seed(0)
    first = torch.rand(20000, 2, generator=generator) * torch.tensor([2048.0, 1024])
    sides = 5 + 60 * torch.rand(20000, 2, generator=generator)
    if kind == "row":
        first[:, 1], sides = 0, torch.tensor([10.0, 10])
    if kind == "pile":
        first, sides = first / 1000, torch.tensor([100.0, 100])
    boxes, scores = torch.cat([first, first + sides], dim=1), first[:, 0].sin()
    with compiled_operators():
        _, expected = mmcv.ops.nms(boxes, scores, 0.7)
    assert torch.equal(greedy_nms(boxes, scores, 0.7), expected)


@pytest.mark.parametrize("kind", ["pile", "column"])
def test_memory_is_bounded(kind, monkeypatch):
    """No more pairs at a time than a portion and a box more, where all overlap or none does."""
    boxes = torch.tensor([[0.0, 0, 10, 10]]).repeat(3000, 1)
    if kind == "column":  # no axis tells them apart as well as the other, and none overlaps
        places = torch.arange(3000.0) * 0.01
        boxes = torch.stack([places, 30 - places, places + 10, 40 - places], dim=1)
    most = []
    overlapping = MODULE._Windows._overlapping

    def counted(self, some):
        most.append(int(self._count[some].sum()))
        return overlapping(self, some)

    monkeypatch.setattr(MODULE, "_CHUNK", 10000)
    monkeypatch.setattr(MODULE._Windows, "_overlapping", counted)
    scores = torch.rand(3000, generator=torch.Generator().manual_seed(0))
    kept = greedy_nms(boxes, scores, 0.5)
    assert torch.equal(kept[:1], scores.argmax()[None])
    assert max(most) <= 10000 + 3000
