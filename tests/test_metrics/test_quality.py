"""PQ, SQ, RQ and their means, worked out by hand."""

import math
import warnings

import numpy as np
import pytest

from mmhps.metrics.matching import PanopticStats
from mmhps.metrics.quality import format_panoptic_table, panoptic_quality


def stats(iou, tp, fp, fn):
    return PanopticStats(np.array(iou, float), *(np.array(x, np.int64) for x in (tp, fp, fn)))


def test_no_class_occurs():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = panoptic_quality(PanopticStats.total([], 2), [True, False])
    for group in ("All", "Things", "Stuff"):
        assert result[group].pop("n") == 0
        assert all(math.isnan(value) for value in result[group].values())
    assert result["per_class"] == 2 * [dict(pq=0.0, sq=0.0, rq=0.0, tp=0, fp=0, fn=0)]
    assert panoptic_quality(PanopticStats.total([], 0), [])["per_class"] == []


def test_means_leave_absent_classes_out():
    # class 0: 1.5 IoU, 2 TP, 1 FP, 1 FN -> PQ 1.5/3, SQ 0.75, RQ 2/3; class 1 absent;
    # class 2: missed once -> 0; class 3: 0.8 IoU, 1 TP -> PQ = SQ = 0.8, RQ 1.
    result = panoptic_quality(
        stats([1.5, 0, 0, 0.8], [2, 0, 0, 1], [1, 0, 0, 0], [1, 0, 1, 0]), [1, 1, 0, 0]
    )
    assert result["Things"] == pytest.approx(dict(pq=0.5, sq=0.75, rq=2 / 3, n=1), abs=1e-15)
    assert result["Stuff"] == pytest.approx(dict(pq=0.4, sq=0.4, rq=0.5, n=2), abs=1e-15)
    assert result["All"] == pytest.approx(
        dict(pq=1.3 / 3, sq=1.55 / 3, rq=(5 / 3) / 3, n=3), abs=1e-15
    )
    assert result["per_class"][0] == pytest.approx(
        dict(pq=0.5, sq=0.75, rq=2 / 3, tp=2, fp=1, fn=1), abs=1e-15
    )
    assert result["per_class"][2] == dict(pq=0.0, sq=0.0, rq=0.0, tp=0, fp=0, fn=1)


def test_absent_group():
    result = panoptic_quality(stats([1.0], [1], [0], [0]), [True])
    assert result["All"] == result["Things"] == dict(pq=1.0, sq=1.0, rq=1.0, n=1)
    assert result["Stuff"]["n"] == 0 and math.isnan(result["Stuff"]["pq"])


def test_thing_mask_of_wrong_length():
    with pytest.raises(ValueError, match=r"each of the 2 classes, but got shape \(1,\)"):
        panoptic_quality(PanopticStats.total([], 2), [True])


def test_table():
    result = panoptic_quality(stats([0.8, 0], [1, 0], [0, 0], [0, 0]), [False, True])
    assert format_panoptic_table(result, ["road", "motorcycle"]).splitlines() == [
        "Category   |    PQ     SQ     RQ    N",
        "-------------------------------------",
        "road       |  80.0   80.0  100.0",
        "motorcycle |     -      -      -",
        "-------------------------------------",
        "All        |  80.0   80.0  100.0    1",
        "Things     |     -      -      -    0",
        "Stuff      |  80.0   80.0  100.0    1",
    ]
    assert len(format_panoptic_table(result, ["road", "motorcycle"], False).splitlines()) == 5
