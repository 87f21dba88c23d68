"""With alpha 0.5 a black pixel becomes (colour + 64) / 2: the photo's black is lifted to 64."""

import numpy as np
import pytest

from mmhps.results.overlay import (
    VOID_COLORS,
    as_rgb,
    hatching,
    line_width,
    outline_mask,
    panoptic_overlay,
)

PALETTE = [(200, 100, 0), (0, 0, 200)]


def black(height, width):
    return np.zeros((height, width, 3), dtype=np.uint8)


def test_all_void_is_hatched_grey():
    drawing = panoptic_overlay(black(4, 7), np.full((4, 7), 255), PALETTE, alpha=1)
    dark, light = (list(color) for color in VOID_COLORS)
    # Stripes of 3 pixels that move one pixel to the left from row to row.
    assert drawing[0].tolist() == [dark, dark, dark, light, light, light, dark]
    assert drawing[1].tolist() == [dark, dark, light, light, light, dark, dark]


def test_no_instances_has_no_outline():
    drawing = panoptic_overlay(black(2, 2), np.array([[0, 0], [1, 1]]), PALETTE, alpha=0.5)
    assert drawing[0].tolist() == [[132, 82, 32]] * 2
    assert drawing[1].tolist() == [[32, 32, 132]] * 2


def test_photo_shines_through_in_grey():
    white = np.full((1, 1, 3), 255, dtype=np.uint8)
    drawing = panoptic_overlay(white, np.array([[0]]), PALETTE, alpha=0.5)
    # white * 0.75 + 64 = 255.25 is clipped by the mean with the colour: (200 + 255.25) / 2
    assert drawing.tolist() == [[[228, 178, 128]]]


def test_outline_is_the_ring_of_pixels_inside_the_instance():
    ids = np.zeros((5, 5), dtype=np.int64)
    ids[1:4, 1:4] = 1001
    drawing = panoptic_overlay(black(5, 5), ids, PALETTE, alpha=0.5)
    light = [191, 191, 241]  # a quarter of (0, 0, 200), three quarters of white
    ring = np.zeros((5, 5), dtype=bool)
    ring[1:4, 1:4] = True
    ring[2, 2] = False
    assert (drawing == light).all(-1).tolist() == ring.tolist()
    assert drawing[2, 2].tolist() == [32, 32, 132]
    assert drawing[0, 0].tolist() == [132, 82, 32]


def test_touching_instances_are_outlined_on_both_sides_and_the_border_is_free():
    index = np.array([[0, 0, 0, 1, 1, 1]] * 2)
    outline = outline_mask(index, np.array([True, True]))
    assert outline.tolist() == [[False, False, True, True, False, False]] * 2


def test_stuff_has_no_outline_and_diagonals_do_not_count():
    index = np.array([[1, 0, 0], [0, 0, 0]])
    assert outline_mask(index, np.array([True, False])).tolist() == [
        [False, True, False],
        [True, False, False],
    ]


def test_outline_width():
    index = np.array([[0, 1, 1, 1, 1, 1]])
    outline = outline_mask(index, np.array([False, True]), width=2)
    assert outline.tolist() == [[False, True, True, False, False, False]]


def test_instance_in_void_is_outlined_and_zero_width_leaves_it_out():
    ids = np.array([[255, 1001, 1001, 255]])
    arguments = dict(palette=PALETTE, alpha=0.5)
    assert panoptic_overlay(black(1, 4), ids, **arguments)[0, 1].tolist() == [191, 191, 241]
    thin = panoptic_overlay(black(1, 4), ids, outline_width=0, **arguments)
    assert thin[0, 1].tolist() == [32, 32, 132]


def test_instances_of_a_class_differ():
    ids = np.array([[1000, 2000, 3000]])
    drawing = panoptic_overlay(black(1, 3), ids, PALETTE, alpha=1, outline_width=0)
    assert drawing[0, 0].tolist() == [200, 100, 0]
    assert len({tuple(pixel) for pixel in drawing[0].tolist()}) == 3


def test_unknown_label():
    with pytest.raises(ValueError, match=r"got the values \[1002\]"):
        panoptic_overlay(black(1, 1), np.array([[1002]]), PALETTE)


def test_sizes_must_agree():
    with pytest.raises(ValueError, match=r"expected the size \(2, 2\) of the image"):
        panoptic_overlay(black(2, 2), np.zeros((1, 2, 2), int), PALETTE)


@pytest.mark.parametrize("image", [np.full((2, 3), 7), np.full((2, 3, 1), 7.4)])
def test_grey_images(image):
    assert as_rgb(image).tolist() == [[[7, 7, 7]] * 3] * 2


@pytest.mark.parametrize("shape", [(0, 3, 3), (2, 3, 4), (1, 2, 3, 3), (4,)])
def test_no_images(shape):
    with pytest.raises(ValueError, match="image: expected a grey"):
        as_rgb(np.zeros(shape))


def test_the_image_is_not_changed():
    image = black(3, 3)
    panoptic_overlay(image, np.full((3, 3), 1001), PALETTE)
    assert not image.any()


@pytest.mark.parametrize(("height", "width"), [(1, 1), (16, 32), (17, 5), (1024, 2048)])
def test_sizes(height, width):
    ids = np.zeros((height, width), dtype=np.int32)
    ids[height // 2 :, width // 2 :] = 1001
    assert panoptic_overlay(np.zeros((height, width)), ids, PALETTE).shape == (height, width, 3)


def test_hundreds_of_instances():
    ids = np.arange(1, 901).reshape(30, 30).repeat(4, 0).repeat(4, 1) * 1000
    drawing = panoptic_overlay(black(120, 120), ids, PALETTE, alpha=1, outline_width=0)
    assert len(np.unique(drawing.reshape(-1, 3), axis=0)) > 850


@pytest.mark.parametrize(
    ("size", "expected"), [((1, 1), 1), ((512, 1024), 1), ((1024, 2048), 2), ((2048, 4096), 4)]
)
def test_line_width(size, expected):
    assert line_width(*size) == expected


def test_hatching_of_one_pixel():
    assert hatching(1, 1).tolist() == [[list(VOID_COLORS[0])]]
