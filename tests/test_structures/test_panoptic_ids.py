"""Panoptic ids are made, taken apart, listed and numbered."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from mmhps.structures import (
    Segment,
    decode,
    distinct_ids,
    encode,
    number_segments,
    panoptic_map,
    predicted_segments,
    run_starts,
    unique_ids,
)


def test_runs_begin_where_one_of_the_maps_changes():
    first, second = np.array([[3, 3, 3], [3, 7, 7]]), np.array([[0, 0, 1], [1, 1, 1]])
    assert run_starts(first).tolist() == [0, 4]
    assert run_starts(first, second).tolist() == [0, 2, 4]
    assert run_starts(first[:0], second[:0]).tolist() == []


def test_distinct_ids():
    values, index = distinct_ids(np.array([[9, 9, 2], [2, 2, 9]]))
    assert values.tolist() == [2, 9] and index.tolist() == [[1, 1, 0], [0, 0, 1]]


def test_unique_ids_of_an_empty_map():
    assert unique_ids(np.zeros((0, 5), dtype=np.int32)) == []


def test_unique_ids_are_sorted():
    assert unique_ids(np.array([[26001, 7], [7, 0]])) == [0, 7, 26001]


def test_unique_ids_of_unsigned_numbers():
    assert unique_ids(np.array([[65535, 0, 0]], np.uint16)) == [0, 65535]


def test_unique_ids_of_a_flipped_map():
    assert unique_ids(np.array([[5, 5, 9], [5, 3, 3]])[:, ::-1]) == [3, 5, 9]


def test_unique_ids_of_noise_are_those_of_numpy():
    noise = np.random.default_rng(0).integers(0, 2**24, (20, 30), dtype=np.int32)
    assert unique_ids(noise) == np.unique(noise).tolist()


@pytest.mark.parametrize("array", [np.array, torch.tensor])
def test_ids_are_label_plus_1000_times_instance(array):
    ids = encode(array([2, 2, 8]), array([1, 12, 0]))
    assert ids.tolist() == [1002, 12002, 8]
    labels, instances = decode(ids)
    assert (labels.tolist(), instances.tolist()) == ([2, 2, 8], [1, 12, 0])


def test_segments_of_an_empty_prediction():
    assert predicted_segments(np.zeros((0, 0), dtype=np.int32), 3, "x") == []


def test_segments_of_a_prediction_without_void():
    ids = np.array([[3, 3, 1], [1002, 2002, 1]])
    assert predicted_segments(ids, 3, "x") == [
        Segment(1, 1, False),
        Segment(1002, 2, False),
        Segment(2002, 2, False),
    ]


@pytest.mark.parametrize("value", [-1, 4, 1003])
def test_prediction_of_an_unknown_label_names_image_and_value(value):
    with pytest.raises(ValueError, match=rf"'x'.*\[{value}\].*0\.\.2, void is 3"):
        predicted_segments(np.array([[0, value]]), 3, "x")


def test_segments_are_numbered_in_their_order():
    ids = np.array([[7, 1002], [5, 7]])
    segments = [Segment(1002, 2, False), Segment(7, 0, False)]
    assert number_segments(ids, segments).tolist() == [[2, 1], [0, 2]]


def test_map_of_a_ground_truth():
    # two cars, a group of cars, road, and a value that no segment lists
    ids = np.array([[9, 9, 4], [7, 0, 5]])
    segments = [
        Segment(9, 1, False), Segment(7, 1, True), Segment(4, 2, False), Segment(5, 1, False)
    ]  # fmt: skip
    assert panoptic_map(ids, segments, 2).tolist() == [[1001, 1001, 2], [1, 255, 2001]]
    assert panoptic_map(ids, [], 2).tolist() == [[255] * 3] * 2


LIGHT = """
import sys
barred = ("torch", "mmengine", "mmcv", "mmdet", "cv2", "scipy", "matplotlib", "cityscapesscripts")
sys.modules.update(dict.fromkeys(barred))
import mmhps.structures.id_files
import mmhps.metrics.confusion, mmhps.metrics.thing_errors
"""


def test_ids_and_metrics_need_numpy_and_pillow_alone():
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
