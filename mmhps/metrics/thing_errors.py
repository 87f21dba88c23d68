"""Errors of the things in a panoptic map, in more detail than PQ.

Needs numpy only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from mmhps.metrics.matching import Overlaps, index_segments
from mmhps.structures import Segment

__all__ = ["ERRORS", "SIZES", "thing_errors"]

ERRORS = ("duplicate", "confused", "inexact", "invented")
"""Kinds of false positives, see :func:`thing_errors`."""

SIZES = {"small": 0.002, "medium": 0.01, "large": 1.0}
"""Classes of true instances by the largest share of the image that they fill."""


def thing_errors(
    overlaps: Overlaps,
    gt_segments: Sequence[Segment],
    pred_segments: Sequence[Segment],
    num_things: int,
    num_classes: int,
) -> Counter[str]:
    """Count how the true instances of one image were predicted, and the kinds of false positives.

    A true instance is found if a predicted one of its class has an IoU above 0.5 with it. Crowds do
    not count, and neither do predicted instances of which less than half lies on known pixels.

    Args:
        overlaps: Joint histogram of the true and the predicted id map.
        gt_segments: True segments; ids that none of them lists are void.
        pred_segments: Predicted segments; other ids are void.
        num_things: Labels below it are things.
        num_classes: C.

    Returns:
        - ``found`` and ``missed`` true instances, also per size: ``found small``, …
        - unmatched predictions by the true segment that they overlap most: ``duplicate`` (an
          instance of their class that is found already), ``inexact`` (one that is missed),
          ``confused`` (an instance of another class), ``invented`` (stuff or a crowd),
        - pixels of true instances: ``thing pixels``, and how many of them were predicted as
          ``pixels as stuff`` and ``pixels as void``.
    """
    gt_label, gt_at = index_segments(overlaps.gt, gt_segments, num_classes, "gt_segments")
    pred_label, pred_at = index_segments(overlaps.pred, pred_segments, num_classes, "pred_segments")
    table = np.zeros((len(gt_label) + 1, len(pred_label) + 1), dtype=np.int64)  # last: void
    np.add.at(table, (gt_at, pred_at), overlaps.pixels)
    crowd = np.array([segment.iscrowd for segment in gt_segments], dtype=bool)
    inter = table[:-1, :-1]
    union = table[:-1].sum(1)[:, None] + table[:, :-1].sum(0) - inter - table[-1, :-1]
    is_thing = (gt_label < num_things) & ~crowd
    match = (2 * inter > union) & (gt_label[:, None] == pred_label) & is_thing[:, None]
    found = match.any(1)

    counts: Counter[str] = Counter()
    for g in np.flatnonzero(is_thing):
        state = "found" if found[g] else "missed"
        share = table[g].sum() / overlaps.pixels.sum()
        size = next(name for name, limit in SIZES.items() if share <= limit)
        counts.update((state, f"{state} {size}"))
    for p in np.flatnonzero((pred_label < num_things) & ~match.any(0)):
        if 2 * inter[:, p].sum() >= table[:, p].sum():
            g = int(inter[:, p].argmax())
            counts[_error(is_thing[g], gt_label[g] == pred_label[p], found[g])] += 1
    pixels = table[:-1][is_thing]
    counts["thing pixels"] = int(pixels.sum())
    counts["pixels as stuff"] = int(pixels[:, :-1][:, pred_label >= num_things].sum())
    counts["pixels as void"] = int(pixels[:, -1].sum())
    return counts


def _error(on_thing: bool, same_class: bool, found: bool) -> str:
    if not on_thing:
        return "invented"
    if not same_class:
        return "confused"
    return "duplicate" if found else "inexact"
