import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="needs the extra deploy")

from mmhps.deployment.comparison import Tally, instances_of  # noqa: E402
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
