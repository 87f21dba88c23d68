import numpy as np

from mmhps.metrics.matching import count_overlaps
from mmhps.metrics.thing_errors import thing_errors
from mmhps.structures import Segment

# Labels 0 and 1 are things, 2 is stuff; ids 0 are void.
STUFF = Segment(9, 2, False)


def errors(gt, gt_segments, pred, pred_segments):
    overlaps = count_overlaps([gt], [pred])
    return dict(thing_errors(overlaps, gt_segments, pred_segments, num_things=2, num_classes=3))


def test_nothing():
    assert errors([0, 0], [], [0, 0], []) == {
        "thing pixels": 0,
        "pixels as stuff": 0,
        "pixels as void": 0,
    }


def test_found_and_duplicate():
    gt = [1, 1, 1, 1, 9, 9]
    counts = errors(gt, [Segment(1, 0, False), STUFF], [5, 5, 5, 6, 9, 0],
                    [Segment(5, 0, False), Segment(6, 0, False), STUFF])  # fmt: skip
    assert counts["found"] == counts["found large"] == counts["duplicate"] == 1
    assert counts["thing pixels"] == 4
    assert "missed" not in counts


def test_inexact_confused_and_invented():
    gt_segments = [Segment(1, 0, False), Segment(2, 1, False), STUFF]
    pred_segments = [Segment(5, 0, False), Segment(6, 0, False), Segment(7, 1, False), STUFF]
    counts = errors(
        [1, 1, 1, 1, 2, 2, 9, 9, 9], gt_segments, [5, 5, 9, 0, 6, 6, 7, 9, 9], pred_segments
    )
    # Two of four pixels are an IoU of exactly 0.5: not found.
    assert counts["missed"] == 2
    assert (counts["inexact"], counts["confused"], counts["invented"]) == (1, 1, 1)
    assert (counts["thing pixels"], counts["pixels as stuff"], counts["pixels as void"]) == (
        6,
        1,
        1,
    )


def test_crowds_and_void():
    gt_segments = [Segment(3, 0, True), STUFF]
    pred_segments = [Segment(5, 0, False), Segment(6, 0, False), STUFF]
    # One prediction on a crowd, one on void, which nobody can judge.
    counts = errors([3, 3, 0, 0, 9], gt_segments, [5, 5, 6, 6, 9], pred_segments)
    assert counts["invented"] == 1
    assert counts["thing pixels"] == 0
    assert "missed" not in counts


def test_sizes():
    gt, pred = np.full((10, 100), 9), np.full((10, 100), 9)
    gt[0, :2], gt[1, :10], gt[2, :11] = 1, 2, 3
    segments = [Segment(1, 0, False), Segment(2, 0, False), Segment(3, 0, False), STUFF]
    counts = thing_errors(count_overlaps(gt, pred), segments, [STUFF], 2, 3)
    assert [counts[f"missed {size}"] for size in ("small", "medium", "large")] == [1, 1, 1]
    assert counts["pixels as stuff"] == 23
