"""Intervals of differences in PQ."""

import numpy as np
import pytest

from mmhps.metrics.bootstrap import difference_intervals
from mmhps.metrics.matching import PanopticStats
from mmhps.metrics.quality import panoptic_quality

THINGS = [True, False]


def stats(iou, tp, fp, fn):
    return PanopticStats(np.array(iou, float), *(np.array(part) for part in (tp, fp, fn)))


FOUND = stats([0.8, 0.9], [1, 1], [0, 0], [0, 0])
MISSED = stats([0.0, 0.9], [0, 1], [0, 0], [1, 0])


def test_no_images():
    with pytest.raises(ValueError, match="the same images, got 0 and 0"):
        difference_intervals([], [], THINGS)
    with pytest.raises(ValueError, match="got 2 and 1"):
        difference_intervals([FOUND, FOUND], [FOUND], THINGS)


def test_one_image_leaves_no_doubt():
    found = difference_intervals([FOUND], [MISSED], THINGS, draws=10)
    assert found["Things"] == pytest.approx((0.8, 0.8, 0.8))
    assert found["Stuff"] == (0, 0, 0)
    assert found["All"] == pytest.approx((0.4, 0.4, 0.4))


def test_a_system_does_not_differ_from_itself():
    images = [FOUND, MISSED] * 5
    for values in difference_intervals(images, images, THINGS, draws=50).values():
        assert values == (0, 0, 0)


def test_the_difference_is_that_of_the_pooled_qualities():
    rng = np.random.default_rng(0)

    def some():
        tp = rng.integers(0, 3, 2)
        return stats(tp * 0.7, tp, rng.integers(0, 2, 2), rng.integers(0, 2, 2))

    ours, theirs = [some() for _ in range(30)], [some() for _ in range(30)]
    found = difference_intervals(ours, theirs, THINGS)
    totals = [panoptic_quality(PanopticStats.total(s, 2), THINGS) for s in (ours, theirs)]
    for group, (difference, low, high) in found.items():
        assert difference == pytest.approx(totals[0][group]["pq"] - totals[1][group]["pq"])
        assert low < difference < high
    again = difference_intervals(ours, theirs, THINGS)
    assert again == found


def test_interval_by_hand():
    # The other system finds a share p of 100 things, p = 0.5 ± 1.96 · 0.05 when they are drawn: its
    # PQ is 0.8 p / (p + (1 - p) / 2), from 0.459 to 0.599.
    ours, theirs = [FOUND] * 100, [FOUND, MISSED] * 50
    difference, low, high = difference_intervals(ours, theirs, THINGS)["Things"]
    assert difference == pytest.approx(0.8 - 0.4 / 0.75)
    assert low == pytest.approx(0.201, abs=0.01)
    assert high == pytest.approx(0.341, abs=0.01)


def test_a_group_without_classes():
    found = difference_intervals([FOUND], [MISSED], [True, True], draws=3)
    assert np.isnan(found["Stuff"]).all()
