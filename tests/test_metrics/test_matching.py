"""Matching of segments: every expectation is worked out by hand on maps of a few pixels."""

import numpy as np
import pytest

from mmhps.metrics.matching import PanopticStats, count_overlaps, match_segments, panoptic_stats
from mmhps.structures import Segment as Seg


def assert_stats(stats, iou, tp, fp, fn):
    np.testing.assert_allclose(stats.iou, iou, rtol=0, atol=1e-15)
    assert (stats.tp.tolist(), stats.fp.tolist(), stats.fn.tolist()) == (tp, fp, fn)


def test_empty_maps_without_segments_or_classes():
    nothing = np.zeros((0, 0), dtype=np.int32)
    assert_stats(panoptic_stats(nothing, [], nothing, [], 2), [0, 0], [0, 0], [0, 0], [0, 0])
    assert_stats(panoptic_stats(nothing, [], nothing, [], 0), [], [], [], [])
    assert count_overlaps(nothing, nothing).pixels.tolist() == []


def test_nothing_predicted_and_nothing_there():
    gt, pred = [[1, 1], [1, 1]], [[9, 9], [9, 9]]
    assert_stats(panoptic_stats(gt, [Seg(1, 0)], pred, [], 1), [0], [0], [0], [1])
    # all of the prediction lies on void
    assert_stats(panoptic_stats(gt, [], pred, [Seg(9, 0)], 1), [0], [0], [0], [0])


def test_overlaps_of_two_by_two():
    overlaps = count_overlaps([[1, 1], [2, 2]], [[5, 5], [5, 6]])
    assert overlaps.gt.tolist() == [1, 2, 2]
    assert overlaps.pred.tolist() == [5, 5, 6]
    assert overlaps.pixels.tolist() == [2, 1, 1]


@pytest.mark.parametrize("seed", range(5))
def test_overlaps_of_noise(seed):
    rng = np.random.default_rng(seed)
    ids = rng.choice([0, 1, 26001, 2**24 - 1, 2**31 - 1], (2, 17, 13))
    overlaps = count_overlaps(ids[0].astype(np.int64), ids[1].astype(np.int64))
    assert overlaps.pixels.sum() == 17 * 13
    for gt, pred, pixels in zip(overlaps.gt, overlaps.pred, overlaps.pixels, strict=True):
        assert pixels == ((ids[0] == gt) & (ids[1] == pred)).sum() > 0


def test_match_and_iou_of_exactly_one_half():
    # 1/5: 2 of 2 + 3 - 2 = 3 pixels. 2/6: 1 of 2 + 1 - 1 = 2 pixels, one half is no match.
    stats = panoptic_stats(
        [[1, 1], [2, 2]], [Seg(1, 0), Seg(2, 1)], [[5, 5], [5, 6]], [Seg(5, 0), Seg(6, 1)], 2
    )
    assert_stats(stats, [2 / 3, 0], [1, 0], [0, 1], [0, 1])


def test_other_class_is_no_match():
    same = [[1, 1], [1, 1]]
    stats = panoptic_stats(same, [Seg(1, 0)], same, [Seg(1, 1)], 2)
    assert_stats(stats, [0, 0], [0, 0], [0, 1], [1, 0])


def test_two_instances_of_a_class():
    # 1/7: 3 of 4 + 4 - 3 = 5. 2/8: 3 of 4 + 4 - 3 = 5.
    gt = [[1, 1, 2, 2], [1, 1, 2, 2]]
    pred = [[7, 7, 8, 8], [8, 7, 7, 8]]
    segments = [Seg(1, 0), Seg(2, 0)], [Seg(7, 0), Seg(8, 0)]
    stats = panoptic_stats(gt, segments[0], pred, segments[1], 1)
    assert_stats(stats, [3 / 5 + 3 / 5], [2], [0], [0])


def test_union_leaves_out_void():
    # 2 true + 4 predicted - 2 shared - 2 void = 2 pixels
    stats = panoptic_stats([[0, 0], [1, 1]], [Seg(1, 0)], [[5, 5], [5, 5]], [Seg(5, 0)], 1)
    assert_stats(stats, [1.0], [1], [0], [0])


@pytest.mark.parametrize(("gt", "fp"), [([[0, 0, 0, 1]], 0), ([[0, 0, 1, 1]], 1)])
def test_prediction_on_void_is_ignored_above_one_half(gt, fp):
    stats = panoptic_stats(gt, [Seg(1, 1)], [[5, 5, 5, 5]], [Seg(5, 0)], 2)
    assert_stats(stats, [0, 0], [0, 0], [fp, 0], [0, 1])


def test_crowd_is_never_matched_nor_missed():
    crowd, same = [Seg(9, 0, True)], [[9, 9], [9, 9]]
    assert_stats(panoptic_stats(same, crowd, same, [Seg(9, 0)], 1), [0], [0], [0], [0])
    assert_stats(panoptic_stats(same, crowd, same, [], 1), [0], [0], [0], [0])


@pytest.mark.parametrize(("label", "fp"), [(0, [0, 0]), (1, [0, 1])])
def test_only_the_crowd_of_the_same_class_excuses(label, fp):
    # 3 of the 4 predicted pixels are crowd of class 0.
    gt = [Seg(9, 0, True), Seg(1, 1)]
    stats = panoptic_stats([[9, 9, 9, 1]], gt, [[5, 5, 5, 5]], [Seg(5, label)], 2)
    assert_stats(stats, [0, 0], [0, 0], fp, [0, 1])


def test_crowd_and_void_add_up():
    # 1 void + 2 crowd of 5 pixels; without either it would be a false positive.
    gt = [Seg(9, 0, True), Seg(1, 1)]
    stats = panoptic_stats([[0, 9, 9, 1, 1]], gt, [[5] * 5], [Seg(5, 0)], 2)
    assert_stats(stats, [0, 0], [0, 0], [0, 0], [0, 1])


def test_the_last_of_several_crowds_counts():
    ids, pred = [[8, 8, 8, 9]], [Seg(5, 0)]
    first, last = Seg(8, 0, True), Seg(9, 0, True)
    assert panoptic_stats(ids, [first, last], [[5] * 4], pred, 1).fp.tolist() == [1]
    assert panoptic_stats(ids, [last, first], [[5] * 4], pred, 1).fp.tolist() == [0]


def test_void_id_or_everything_unlisted():
    # 7 is not listed: void only if no id is named.
    gt, pred = [[7, 7, 7, 0]], [[5, 5, 5, 5]]
    assert panoptic_stats(gt, [], pred, [Seg(5, 0)], 1).fp.tolist() == [0]
    assert panoptic_stats(gt, [], pred, [Seg(5, 0)], 1, gt_void=0).fp.tolist() == [1]


def test_stated_areas_replace_counted_ones():
    # 2 shared of 4 stated + 2 predicted - 2 = 4 pixels: one half, no match.
    overlaps = count_overlaps([[1, 1]], [[5, 5]])
    segments = [Seg(1, 0)], [Seg(5, 0)]
    assert match_segments(overlaps, *segments, 1, gt_areas=[3]).iou[0] == pytest.approx(2 / 3)
    assert match_segments(overlaps, *segments, 1, gt_areas=[4]).fn.tolist() == [1]
    with pytest.raises(ValueError, match="gt_areas: a segment is smaller"):
        match_segments(overlaps, *segments, 1, gt_areas=[0])


def test_total_adds_up():
    one = panoptic_stats([[1]], [Seg(1, 0)], [[5]], [Seg(5, 0)], 2)
    two = panoptic_stats([[1]], [Seg(1, 0)], [[5]], [Seg(5, 1)], 2)
    assert_stats(PanopticStats.total([one, two, one], 2), [2, 0], [2, 0], [0, 1], [1, 0])
    assert_stats(PanopticStats.total([], 1), [0], [0], [0], [0])


@pytest.mark.parametrize(
    ("gt", "pred", "gt_segments", "pred_segments", "message"),
    [
        ([[1]], [[1, 1]], [], [], r"shape of gt_ids, \(1, 1\), but got \(1, 2\)"),
        ([[1]], [[-1]], [], [], "must not be negative, .* pred_ids to -1"),
        ([[1]], [[1]], [Seg(1, 0), Seg(1, 1)], [], r"gt_segments: every id .* got \[1, 1\]"),
        ([[1]], [[1]], [], [Seg(1, 2)], r"pred_segments: labels must be in 0\.\.1 .* got \[2\]"),
        ([[1]], [[1]], [Seg(1, -1)], [], r"gt_segments: labels must be in 0\.\.1 .* got \[-1\]"),
        ([[1]], [[1]], [], [Seg(1, 0), Seg(4, 0)], r"pred_segments: ids \[4\] .* no pixel"),
    ],
)
def test_errors(gt, pred, gt_segments, pred_segments, message):
    with pytest.raises(ValueError, match=message):
        panoptic_stats(gt, gt_segments, pred, pred_segments, 2)
