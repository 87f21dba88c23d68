"""Match the segments of two panoptic id maps: true positives, false positives, false negatives.

The matching of Kirillov et al., "Panoptic Segmentation" (CVPR 2019), section 4.1, with the rules
for void and crowd of the official Cityscapes evaluator. Needs numpy only, so that scripts can
score files without torch.

Shape letters: C classes, G ground-truth segments, P predicted segments, K pairs of ids that meet
in at least one pixel, H×W the image.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmhps.structures import Segment, run_starts

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class PanopticStats:
    """The counts of one or many images that PQ is computed from, per class.

    Attributes:
        iou: Sum of the IoUs of the true positives, (C,) float64.
        tp: Matched pairs, (C,) int64.
        fp: Predicted segments without a match, (C,) int64.
        fn: Ground-truth segments without a match, (C,) int64.
    """

    iou: Floats
    tp: Ints
    fp: Ints
    fn: Ints

    @classmethod
    def total(cls, stats: Iterable[PanopticStats], num_classes: int) -> PanopticStats:
        """Add up the statistics of any number of images (none gives zeros)."""
        iou = np.zeros(num_classes)
        tp, fp, fn = np.zeros((3, num_classes), dtype=np.int64)
        for item in stats:
            iou += item.iou
            tp += item.tp
            fp += item.fp
            fn += item.fn
        return cls(iou, tp, fp, fn)


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Joint histogram of two id maps: pixels in which ids ``gt[k]`` and ``pred[k]`` meet, (K,)."""

    gt: Ints
    pred: Ints
    pixels: Ints


def count_overlaps(gt_ids: ArrayLike, pred_ids: ArrayLike) -> Overlaps:
    """Count, in one pass, the pixels of every pair of ids.

    Args:
        gt_ids: Ground-truth ids, (H, W), integers in 0..2**31-1.
        pred_ids: Predicted ids, same shape and range.

    Returns:
        The pairs that occur, sorted by (gt, pred).

    Raises:
        ValueError: The shapes differ or an id is negative.
    """
    gt, pred = np.asarray(gt_ids), np.asarray(pred_ids)
    if gt.shape != pred.shape:
        raise ValueError(
            f"pred_ids must have the shape of gt_ids, {gt.shape}, but got {pred.shape}. "
            "Score predictions at the size of the ground truth."
        )
    gt, pred = gt.ravel(), pred.ravel()
    starts = run_starts(gt, pred)
    lengths = np.diff(starts, append=gt.size)
    pairs = (gt[starts].astype(np.int64) << 32) | pred[starts].astype(np.int64)
    if pairs.min(initial=0) < 0:
        raise ValueError(
            f"ids must not be negative, but gt_ids go down to {gt.min()} and pred_ids to "
            f"{pred.min()}. Give void an id of its own, e.g. 0."
        )
    keys, index = np.unique(pairs, return_inverse=True)
    pixels = np.bincount(index, weights=lengths, minlength=keys.size).astype(np.int64)
    return Overlaps(keys >> 32, keys & 0xFFFFFFFF, pixels)


def match_segments(
    overlaps: Overlaps,
    gt_segments: Sequence[Segment],
    pred_segments: Sequence[Segment],
    num_classes: int,
    gt_void: int | None = None,
    gt_areas: Sequence[int] | None = None,
) -> PanopticStats:
    """Match predicted with true segments of the same class and count.

    A pair matches if IoU > 0.5, where the union leaves out ground-truth void. A true segment
    without a match is a false negative unless it is a crowd. A predicted segment without a match
    is a false positive unless more than half of it lies on void and on the crowd region of its
    class (of several such regions, the last one listed, as in the official evaluator).

    Args:
        overlaps: Joint histogram of the two id maps.
        gt_segments: G true segments.
        pred_segments: P predicted segments; other ids of the map are predicted void.
        num_classes: C.
        gt_void: The id of ground-truth void. ``None``: every id that no segment lists is void.
        gt_areas: Pixels of each true segment as an annotation file states them. ``None``: count.

    Raises:
        ValueError: An id is listed twice, a label is outside 0..C-1, a predicted segment has no
            pixel, or ``gt_areas`` contradict the map.
    """
    gt_label, gt_row = index_segments(overlaps.gt, gt_segments, num_classes, "gt_segments")
    pred_label, column = index_segments(overlaps.pred, pred_segments, num_classes, "pred_segments")
    # One more row and column than segments: -1, "belongs to no segment", lands there.
    table = np.zeros((gt_label.size + 1, pred_label.size + 1), dtype=np.int64)
    np.add.at(table, (gt_row, column), overlaps.pixels)
    on_void = gt_row == -1 if gt_void is None else overlaps.gt == gt_void
    void_pixels = np.zeros(pred_label.size + 1, dtype=np.int64)
    np.add.at(void_pixels, column[on_void], overlaps.pixels[on_void])

    inter, void = table[:-1, :-1], void_pixels[:-1]
    gt_area = table[:-1].sum(1) if gt_areas is None else np.asarray(gt_areas)
    pred_area = table[:, :-1].sum(0)
    _check_visible(pred_segments, pred_area)
    crowd = np.array([segment.iscrowd for segment in gt_segments], dtype=bool)
    candidate = (gt_label[:, None] == pred_label) & ~crowd[:, None] & (inter > 0)
    union = gt_area[:, None] + pred_area - inter - void
    if (union[candidate] <= 0).any():
        raise ValueError(
            "gt_areas: a segment is smaller than its part of the id map. Count the areas again."
        )
    match = candidate & (2 * inter > union)  # IoU > 0.5, exact in integers
    iou = inter[match] / union[match]
    ignored = void + _on_crowd(inter, gt_label, pred_label, crowd, num_classes)
    matched = gt_label[match.nonzero()[0]]
    unmatched = ~match.any(0) & (2 * ignored <= pred_area)
    missed = ~match.any(1) & ~crowd
    return PanopticStats(
        iou=np.bincount(matched, weights=iou, minlength=num_classes).astype(np.float64),
        tp=np.bincount(matched, minlength=num_classes),
        fp=np.bincount(pred_label[unmatched], minlength=num_classes),
        fn=np.bincount(gt_label[missed], minlength=num_classes),
    )


def panoptic_stats(
    gt_ids: ArrayLike,
    gt_segments: Sequence[Segment],
    pred_ids: ArrayLike,
    pred_segments: Sequence[Segment],
    num_classes: int,
    gt_void: int | None = None,
) -> PanopticStats:
    """Compare two id maps of one image; see :func:`match_segments` for rules and arguments."""
    overlaps = count_overlaps(gt_ids, pred_ids)
    return match_segments(overlaps, gt_segments, pred_segments, num_classes, gt_void)


def index_segments(
    ids: Ints, segments: Sequence[Segment], num_classes: int, name: str
) -> tuple[Ints, Ints]:
    """Return each segment's label, and each id's position among the segments (-1: none).

    Args:
        ids: Ids of pixels or of pairs, (K,).
        segments: P segments.
        num_classes: C.
        name: What error messages call the segments.

    Returns:
        Labels (P,) and positions (K,).

    Raises:
        ValueError: An id is listed twice, or a label is outside 0..C-1.
    """
    position = {segment.id: i for i, segment in enumerate(segments)}
    labels = np.array([segment.label for segment in segments], dtype=np.int64)
    if len(position) != len(segments):
        raise ValueError(f"{name}: every id may be listed once, got {[s.id for s in segments]}.")
    if labels.size and not 0 <= labels.min() <= labels.max() < num_classes:
        raise ValueError(
            f"{name}: labels must be in 0..{num_classes - 1} (num_classes={num_classes}), "
            f"got {sorted(set(labels.tolist()))}."
        )
    return labels, np.array([position.get(i, -1) for i in ids.tolist()], dtype=np.int64)


def _check_visible(segments: Sequence[Segment], areas: Ints) -> None:
    """Raise if a predicted segment has no pixel: it would be neither right nor wrong."""
    invisible = [segment.id for segment, area in zip(segments, areas, strict=True) if area == 0]
    if invisible:
        raise ValueError(
            f"pred_segments: ids {invisible} are listed but have no pixel in the id map. "
            "List only segments that are visible."
        )


def _on_crowd(
    inter: Ints, gt_label: Ints, pred_label: Ints, crowd: Bools, num_classes: int
) -> Ints:
    """Return the pixels of each predicted segment on the crowd region of its class, (P,)."""
    region = np.full(num_classes, -1, dtype=np.int64)
    region[gt_label[crowd]] = np.flatnonzero(crowd)  # the last one listed wins
    row = region[pred_label]
    found = np.flatnonzero(row >= 0)
    pixels = np.zeros_like(pred_label)
    pixels[found] = inter[row[found], found]
    return pixels
