"""Non-maximum suppression, against one pair of boxes after the other."""

import sys

import mmcv.ops
import numpy as np
import pytest
import torch
from generated import random_boxes, seeds
from hypothesis import given
from hypothesis import strategies as st

from mmhps.compat.mmcv_ops import compiled_operators, has_compiled_operators
from mmhps.ops import greedy_nms

MODULE = sys.modules[greedy_nms.__module__]
kinds = st.sampled_from(["any", "ties", "extreme"])
thresholds = st.sampled_from([0.0, 0.1, 0.5, 0.7, 0.95, 1.0])
offsets = st.sampled_from([0, 1])


def reference(boxes, scores, iou_threshold, offset=0):
    """One pair of boxes after the other, in float32."""
    offset, threshold = np.float32(offset), np.float32(iou_threshold)
    rows, kept = boxes.float().numpy(), []
    with np.errstate(all="ignore"):
        areas = [(x2 - x1 + offset) * (y2 - y1 + offset) for x1, y1, x2, y2 in rows]
        for j in scores.sort(0, descending=True)[1].tolist():
            for i in kept:
                left_top = np.maximum(rows[i][:2], rows[j][:2])
                sides = np.minimum(rows[i][2:], rows[j][2:]) - left_top + offset
                inter = np.prod(np.maximum(sides, np.float32(0)))
                if inter / (areas[i] + areas[j] - inter) > threshold:
                    break
            else:
                kept.append(j)
    return kept


def divided(*arguments):
    """The result with few pairs at a time, and with the best boxes first however few they are."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in [("_CHUNK", 3), ("_MANY", 4), ("_FEW", 2)]:
            patch.setattr(MODULE, name, value)
        return greedy_nms(*arguments)


def test_reference(check):
    @check
    @given(seeds, st.integers(0, 60), kinds, thresholds, offsets)
    def agrees(seed, count, kind, threshold, offset):
        boxes, scores = random_boxes(seed, count, kind)
        expected = reference(boxes, scores, threshold, offset)
        assert greedy_nms(boxes, scores, threshold, offset).tolist() == expected
        assert divided(boxes, scores, threshold, offset).tolist() == expected

    agrees()


@pytest.mark.skipif(
    not has_compiled_operators(), reason="mmcv is installed without compiled operators"
)
def test_mmcv(check):
    @check
    @given(seeds, st.integers(0, 300), kinds, thresholds, offsets)
    def agrees(seed, count, kind, threshold, offset):
        boxes, scores = random_boxes(seed, count, kind)
        with compiled_operators():
            _, expected = mmcv.ops.nms(boxes, scores, threshold, offset)
        assert torch.equal(greedy_nms(boxes, scores, threshold, offset), expected)
        assert torch.equal(divided(boxes, scores, threshold, offset), expected)

    agrees()


def test_classes(check):
    """MMDetection's class-wise form keeps what suppressing each class on its own keeps."""

    @check
    @given(seeds, st.integers(1, 60), thresholds)
    def agrees(seed, count, threshold):
        boxes, scores = random_boxes(seed, count)
        labels = torch.from_numpy(np.random.default_rng(seed).integers(0, 3, count))
        _, kept = mmcv.ops.batched_nms(boxes, scores, labels, dict(iou_threshold=threshold))
        expected = []
        for label in range(3):
            of_label = (labels == label).nonzero().flatten()
            found = reference(boxes[of_label], scores[of_label], threshold)
            expected += of_label[found].tolist()
        assert sorted(kept.tolist()) == sorted(expected)
        everything = dict(iou_threshold=threshold, class_agnostic=True)
        _, kept = mmcv.ops.batched_nms(boxes, scores, labels, everything)
        assert kept.tolist() == reference(boxes, scores, threshold)

    agrees()
