"""Panoptic quality (PQ), segmentation quality (SQ) and recognition quality (RQ).

Kirillov et al., "Panoptic Segmentation" (CVPR 2019), equation (2), averaged over classes as the
official Cityscapes evaluator does. Needs numpy only, so that scripts can score files without
torch. Shape letter: C classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmhps.metrics.matching import PanopticStats

Floats = NDArray[np.float64]

GROUPS = ("All", "Things", "Stuff")


def panoptic_quality(stats: PanopticStats, thing_mask: ArrayLike) -> dict[str, Any]:
    """Compute PQ = SQ · RQ per class and its mean over all, thing and stuff classes.

    Args:
        stats: Statistics of the whole dataset.
        thing_mask: Which classes are things, (C,) bool.

    Returns:
        ``All``, ``Things``, ``Stuff``: dicts of ``pq``, ``sq``, ``rq`` in 0..1, means over the
        ``n`` classes that occur in ground truth or prediction; nan where ``n`` is 0.
        ``per_class``: a list of C dicts of ``pq``, ``sq``, ``rq`` and the counts ``tp``, ``fp``,
        ``fn``. A class that never occurs has zeros everywhere, as in the official result file.
    """
    things = np.asarray(thing_mask, dtype=bool)
    if things.shape != stats.tp.shape:
        raise ValueError(
            f"thing_mask must have one value for each of the {stats.tp.size} classes, "
            f"but got shape {things.shape}."
        )
    weight = stats.tp + 0.5 * stats.fp + 0.5 * stats.fn
    quality = {
        "pq": _divide(stats.iou, weight),
        "sq": _divide(stats.iou, stats.tp),
        "rq": _divide(stats.tp, weight),
    }
    seen = weight > 0
    masks = (seen, seen & things, seen & ~things)
    result: dict[str, Any] = {
        group: {key: _mean(value[mask]) for key, value in quality.items()} | {"n": int(mask.sum())}
        for group, mask in zip(GROUPS, masks, strict=True)
    }
    result["per_class"] = [
        {key: float(value[c]) for key, value in quality.items()}
        | {key: int(getattr(stats, key)[c]) for key in ("tp", "fp", "fn")}
        for c in range(things.size)
    ]
    return result


def format_panoptic_table(
    result: Mapping[str, Any], names: Sequence[str], per_class: bool = True
) -> str:
    """Lay out the result of :func:`panoptic_quality`.

    Args:
        result: PQ, SQ, RQ in 0..1 for the groups and for each of the C classes.
        names: The C class names.
        per_class: Whether the classes get a line each, above the groups.

    Returns:
        Lines with PQ, SQ, RQ in percent and N, the number of classes that occur. A dash stands
        for a class or group that never occurs.
    """
    width = max(map(len, ("Category", *GROUPS, *names)))

    def row(name: str, values: Mapping[str, Any], occurs: bool) -> str:
        cells = (f"{100 * values[key]:5.1f}" if occurs else "    -" for key in ("pq", "sq", "rq"))
        return f"{name:{width}} | " + "  ".join(cells)

    lines = [f"{'Category':{width}} | {'PQ':>5}  {'SQ':>5}  {'RQ':>5}  {'N':>3}"]
    rule = "-" * len(lines[0])
    lines.append(rule)
    if per_class:
        for name, values in zip(names, result["per_class"], strict=True):
            lines.append(row(name, values, any(values[key] for key in ("tp", "fp", "fn"))))
        lines.append(rule)
    for group in GROUPS:
        count = result[group]["n"]
        lines.append(f"{row(group, result[group], count > 0)}  {count:3d}")
    return "\n".join(lines)


def _divide(numerator: NDArray[Any], denominator: NDArray[Any]) -> Floats:
    """Divide, and give 0 where the denominator is 0."""
    quotient: Floats = np.zeros(numerator.shape)
    np.divide(numerator, denominator, out=quotient, where=denominator > 0)
    return quotient


def _mean(values: Floats) -> float:
    """Return the mean, nan (without numpy's warning) for no values."""
    return float(values.mean()) if values.size else float("nan")
