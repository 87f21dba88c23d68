"""Values follow from: panoptic value = label + 1000 * instance."""

import numpy as np
import pytest

from mmhps.results.segments import (
    VOID,
    extents,
    resize_ids,
    resize_image,
    scaled_size,
    split_segments,
)


def test_all_void():
    segments = split_segments(np.full((2, 3), 255), num_classes=3)
    assert segments.labels.tolist() == [VOID]
    assert segments.instances.tolist() == [0]
    assert segments.index.tolist() == [[0, 0, 0], [0, 0, 0]]


def test_stuff_instances_and_void():
    # sorted values: 2 (stuff), 255 (void), 1000 (class 0), 2001 (class 1)
    ids = np.array([[2, 1000], [2001, 255]], dtype=np.int32)
    segments = split_segments(ids, num_classes=3)
    assert segments.labels.tolist() == [2, VOID, 0, 1]
    assert segments.instances.tolist() == [0, 0, 1, 2]
    assert segments.index.tolist() == [[0, 2], [3, 1]]


@pytest.mark.parametrize("shape", [(0, 3), (1, 1), (40, 7), (7, 40)])
def test_segments_of_noise(shape):
    ids = np.random.default_rng(0).choice([0, 2, 255, 1001, 5000], shape)
    segments = split_segments(ids, num_classes=3)
    values, index = np.unique(ids, return_inverse=True)
    assert (segments.index == index.reshape(shape)).all()
    assert segments.labels.tolist() == [VOID if v == 255 else v % 1000 for v in values.tolist()]


@pytest.mark.parametrize("value", [3, 2003, 1255, -5])
def test_unknown_label_is_named(value):
    with pytest.raises(ValueError, match=rf"labels 0\.\.2 .* got the values \[{value}\]"):
        split_segments(np.array([[0, value]]), num_classes=3)


@pytest.mark.parametrize("ids", [np.zeros((1, 2, 2), int), np.zeros((2, 2), np.float32)])
def test_malformed_map(ids):
    with pytest.raises(ValueError, match=r"expected an \(H, W\) integer panoptic map"):
        split_segments(ids, num_classes=3)


def test_resize_ids_takes_pixel_centres():
    # 4 columns to 2: the centres 0.5 and 1.5 of the new pixels lie at 1 and 3 of the old ones.
    ids = np.array([[70001, 70002, 70003, 70004]])
    assert resize_ids(ids, (1, 2)).tolist() == [[70002, 70004]]
    assert resize_ids(ids, (2, 4)).tolist() == ids.tolist() * 2
    assert resize_ids(ids[:, :2], (1, 4)).tolist() == [[70001, 70001, 70002, 70002]]


@pytest.mark.parametrize(
    ("size", "scale", "expected"),
    [((1, 1), 0.1, (1, 1)), ((128, 256), 3, (384, 768)), ((5, 10), 0.5, (2, 5))],
)
def test_scaled_size(size, scale, expected):
    assert scaled_size(size, scale) == expected


@pytest.mark.parametrize("scale", [0, -1, float("nan")])
def test_scale_must_be_positive(scale):
    with pytest.raises(ValueError, match="scale: expected a factor above 0"):
        scaled_size((2, 2), scale)


def test_resize_image_averages_down():
    image = np.array([[[0, 10, 20], [100, 10, 40]]], dtype=np.uint8)
    assert resize_image(image, (1, 1)).tolist() == [[[50, 10, 30]]]
    assert resize_image(image, (4, 6)).shape == (4, 6, 3)


def test_extents():
    numbers = np.array([[0, 2, 2], [1, 0, 2], [1, 1, 0]])
    assert extents(numbers, 2) == [
        (slice(1, 3), slice(0, 2)),
        (slice(0, 2), slice(1, 3)),
    ]
    assert extents(np.zeros((2, 2), int), 0) == []


def test_resize_image_takes_grey_and_floats():
    grey = np.full((4, 4, 1), 7.0, np.float32)
    assert resize_image(grey, (2, 2)).tolist() == [[[7, 7, 7]] * 2] * 2
