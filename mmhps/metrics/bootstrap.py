"""How sure a difference in PQ is: the images are drawn again, with replacement.

Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), percentile intervals. Needs numpy
only. Shapes: I images, B draws, C classes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmhps.metrics.matching import PanopticStats
from mmhps.metrics.quality import GROUPS

__all__ = ["difference_intervals"]

Floats = NDArray[np.float64]


def difference_intervals(
    ours: Sequence[PanopticStats],
    theirs: Sequence[PanopticStats],
    thing_mask: ArrayLike,
    draws: int = 5000,
    seed: int = 0,
) -> dict[str, tuple[float, float, float]]:
    """The difference in PQ of two systems on the same images, and where 95 % of the draws lie.

    Args:
        ours: Of each image, I >= 1.
        theirs: Of the same images in the same order.
        thing_mask: Which classes are things, (C,) bool.
        draws: How often I images are drawn.
        seed: Of the drawing.

    Returns:
        For ``All``, ``Things`` and ``Stuff``: the difference on all images, and the bounds of its
        interval, in -1..1; nan for a group without classes.

    Raises:
        ValueError: The two do not have the same number of images, or there is none.
    """
    if not ours or len(ours) != len(theirs):
        raise ValueError(
            f"expected the statistics of the same images, got {len(ours)} and {len(theirs)}."
        )
    things = np.asarray(thing_mask, dtype=bool)
    number = len(ours)
    rng = np.random.default_rng(seed)
    # The first draw is the images as they are.
    once = np.ones((1, number))
    counts = np.concatenate([once, rng.multinomial(number, [1 / number] * number, draws)])
    differences = _qualities(ours, counts, things) - _qualities(theirs, counts, things)
    low, high = np.quantile(differences[1:], [0.025, 0.975], axis=0)
    return {
        group: (float(differences[0, i]), float(low[i]), float(high[i]))
        for i, group in enumerate(GROUPS)
    }


def _qualities(stats: Sequence[PanopticStats], counts: Floats, things: NDArray[np.bool_]) -> Floats:
    """PQ of all, thing and stuff classes, (B, 3), with each image counted (B, I) times."""
    iou, tp, fp, fn = (
        counts @ np.stack([getattr(image, key) for image in stats]).astype(np.float64)
        for key in ("iou", "tp", "fp", "fn")
    )
    weight = tp + 0.5 * fp + 0.5 * fn
    quality = np.divide(iou, weight, out=np.zeros_like(iou), where=weight > 0)
    groups = [np.ones_like(things), things, ~things]
    seen = [(weight > 0) & group for group in groups]
    with np.errstate(invalid="ignore"):
        means = [(quality * mask).sum(axis=1) / mask.sum(axis=1) for mask in seen]
    return np.stack(means, axis=1)
