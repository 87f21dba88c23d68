"""Folds of a cross-validation, joined."""

import numpy as np
import pytest

from mmhps.metrics.matching import PanopticStats
from mmhps.studies.pooled import compare_pools, pool


def stats(iou, fn):
    return PanopticStats(np.array([iou, 0.9]), np.array([1 - fn, 1]), *np.array([[0, 0], [fn, 0]]))


A, B = ("a", "a.png"), ("b", "b.png")
RUNS = {"hps-seed0": {A: stats(0.8, 0)}, "hps-seed1": {B: stats(0.6, 0)}}


def test_pool():
    assert pool({}) == {}
    assert list(pool(RUNS)) == [A, B]
    with pytest.raises(ValueError, match="hps-seed2: image 'a' was scored by another run as well"):
        pool({**RUNS, "hps-seed2": RUNS["hps-seed0"]})


def test_comparison_by_hand():
    worse = {A: stats(0.8, 0), B: stats(0.0, 1)}
    found = compare_pools({"panoptic-fpn": worse, "hps": pool(RUNS)}, [True, False])
    assert found["images"] == 2
    fpn, hps = found["systems"].values()
    # Things: 0.8 / (1 + 0.5) against (0.8 + 0.6) / 2.
    assert fpn["Things"] == dict(pq=pytest.approx(53.333))
    assert hps["Things"]["pq"] == 70 and hps["Things"]["difference"] == pytest.approx(16.667)
    # At worst the first image is drawn twice, at best the second.
    assert (hps["Things"]["low"], hps["Things"]["high"]) == (0, 60)
    assert hps["Stuff"] == dict(pq=90, difference=0, low=0, high=0)


def test_systems_on_other_images():
    with pytest.raises(ValueError, match="hps was scored on 2 images, panoptic-fpn on 1"):
        compare_pools({"panoptic-fpn": RUNS["hps-seed0"], "hps": pool(RUNS)}, [True, False])
