"""Count which classes a panoptic segmentation confuses with each other, in pixels.

Needs numpy only, and tqdm for files. Shape letter: C classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from mmhps.metrics.files import PanopticFiles, check_images
from mmhps.metrics.matching import Overlaps, index_segments
from mmhps.metrics.score_files import map_images, read_overlaps
from mmhps.structures import Segment

__all__ = ["Confusion", "confusion_of_files", "pixel_confusion", "row_shares", "top_confusions"]

VOID_NAME = "void"


class Confusion(NamedTuple):
    """Pixels of a true class that were predicted as another one.

    Attributes:
        true: Name of the true class.
        predicted: Name of the predicted class, or ``void``.
        share: Their share of the true class's pixels, 0..1.
        pixels: Their number.
    """

    true: str
    predicted: str
    share: float
    pixels: int


def pixel_confusion(
    overlaps: Overlaps,
    gt_segments: Sequence[Segment],
    pred_segments: Sequence[Segment],
    num_classes: int,
) -> np.ndarray:
    """Count the pixels of each true class in each predicted class.

    Instances of one class count as that class, and so do crowds.

    Args:
        overlaps: Joint histogram of the true and the predicted id map.
        gt_segments: True segments; ids that none of them lists are void.
        pred_segments: Predicted segments; other ids are void.
        num_classes: C.

    Returns:
        Pixels, (C + 1, C + 1) int64: rows are true, columns predicted, the last of each is void.

    Raises:
        ValueError: An id is listed twice, or a label is outside 0..C-1.
    """
    counts = np.zeros((num_classes + 1, num_classes + 1), dtype=np.int64)
    sides = []
    for ids, segments, name in (
        (overlaps.gt, gt_segments, "gt_segments"),
        (overlaps.pred, pred_segments, "pred_segments"),
    ):
        labels, position = index_segments(ids, segments, num_classes, name)
        sides.append(np.append(labels, num_classes)[position])  # position -1 is the last: void
    np.add.at(counts, tuple(sides), overlaps.pixels)
    return counts


def confusion_of_files(gt: PanopticFiles, pred: PanopticFiles) -> np.ndarray:
    """Add up :func:`pixel_confusion` of all images of the ground truth, with a progress bar.

    Returns:
        Pixels, (C + 1, C + 1) int64, in the order of the ground truth's categories.

    Raises:
        FileNotFoundError, OSError, ValueError: Naming the file, what is wrong, and the remedy.
    """
    labels = gt.labels()
    check_images(gt, pred)

    def count(image_id: Any) -> np.ndarray:
        return pixel_confusion(*read_overlaps(gt, pred, labels, image_id), len(labels))

    total = np.zeros((len(labels) + 1, len(labels) + 1), dtype=np.int64)
    return sum(map_images(count, gt, "counting"), start=total)


def row_shares(counts: np.ndarray) -> np.ndarray:
    """Divide each row by its sum; rows without pixels become nan.

    Args:
        counts: (C + 1, C + 1) pixels.

    Returns:
        Shares 0..1, same shape, float64.
    """
    shares = np.full(counts.shape, np.nan)
    sums = counts.sum(1, keepdims=True)
    return np.divide(counts, sums, out=shares, where=sums > 0)


def top_confusions(counts: np.ndarray, names: Sequence[str], num: int) -> list[Confusion]:
    """The pairs of classes with the largest shares outside the diagonal, the largest first.

    Void of the ground truth is left out: a prediction there is not a mistake.

    Args:
        counts: (C + 1, C + 1) pixels.
        names: C class names.
        num: How many pairs at most; pairs without a pixel are never listed.
    """
    names = [*names, VOID_NAME]
    shares = row_shares(counts)
    rows, columns = np.nonzero(counts)
    found = [
        Confusion(names[row], names[column], float(shares[row, column]), int(counts[row, column]))
        for row, column in zip(rows, columns, strict=True)
        if row != column and row < len(counts) - 1
    ]
    return sorted(found, key=lambda item: -item.share)[:num]
