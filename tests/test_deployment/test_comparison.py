import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="needs the extra deploy")

from mmhps.deployment.comparison import Tally, instances_of, renumbered  # noqa: E402
from mmhps.structures import Segment  # noqa: E402


def test_pixels_and_instances_by_hand():
    tally = Tally([True, False])
    tally.seconds += [0.1, 0.3, 0.2]
    ids = np.array([[1, 1, 1000, 2]])
    same = [(0, 0.9), (0, 0.5)]
    tally.compare(ids, same, ids, [(0, 0.5), (0, 0.9004)])
    tally.compare(ids, same, np.array([[1, 1, 1, 2]]), [(0, 0.9)])
    tally.compare(np.zeros((2, 4)), same, np.zeros((2, 4)), [(0, 0.9), (0, 0.6)])
    assert tally.result() == dict(
        ms=200.0,
        different_percent=6.25,  # 1 of 16 pixels
        worst_image_percent=25.0,
        images_with_other_instances=2,
    )


def test_instances_may_have_other_numbers():
    # Two cars (class 0) and a stuff class 1; the car of three pixels has become the second one.
    expected = np.array([[1000, 1000, 1000, 2000, 1, 1]])
    assert renumbered(np.array([[2000, 2000, 1000, 1000, 1, 1]]), expected).tolist() == [
        [1000, 1000, 2000, 2000, 1, 1]
    ]
    assert (renumbered(expected, expected) == expected).all()


def test_what_has_no_counterpart_equals_nothing():
    expected = np.array([[1000, 1000, 1, 3000]])
    # Another class, stuff in place of an instance, and one instance in two parts.
    assert (renumbered(np.array([[1001, 1, 1000, 1000]]), expected) != expected).sum() == 3
    halves = renumbered(np.array([[1000, 2000, 1, 3000]]), expected)
    assert halves[0, 0] == 1000 and halves[0, 1] not in expected
    empty = np.zeros((0, 4), np.int64)
    assert renumbered(empty, empty).shape == (0, 4)


def test_quality_by_hand():
    tally = Tally([True, False])
    tally.seconds.append(0.1)
    # Stuff with IoU 2/3, a thing that is missed: PQ of (0 + 2/3) / 2; 2 is void.
    truth = np.array([[7, 7, 7, 9]]), [Segment(7, 1), Segment(9, 0)]
    tally.score(np.array([[1, 1, 2, 2]]), truth)
    assert tally.result() == dict(ms=100.0, PQ=33.3333)


def test_stuff_is_no_instance():
    outputs = dict(labels=np.array([1, 0]), scores=np.array([np.nan, 0.5], np.float32))
    assert instances_of(outputs) == [(0, 0.5)]
