import colorsys

import numpy as np
import pytest
from cityscapesscripts.helpers.labels import name2label

from mmhps.results.colors import class_colors, instance_color, segment_colors
from mmhps.structures import VOID

CAR = name2label["car"].color


def test_class_colors():
    assert class_colors(((1, 2, 3), (4, 5, 6)), 2) == [(1, 2, 3), (4, 5, 6)]
    assert class_colors([np.array([1, 2, 3])], 1) == [(1, 2, 3)]
    assert len(set(class_colors(None, 3))) == 3
    assert class_colors([], 3) == class_colors(None, 3)


def test_names_are_only_known_to_mmdetection():
    with pytest.raises(ValueError, match="palette: expected RGB colours, got 'coco'"):
        class_colors("coco", 3)


def test_too_few_colours():
    with pytest.raises(ValueError, match="palette: expected 3 colours, one for each class, got 1"):
        class_colors([(1, 2, 3)], 3)


def test_no_segments():
    assert segment_colors(np.zeros(0, int), np.zeros(0, int), [CAR]).shape == (0, 3)


def test_first_instance_and_stuff_have_the_class_colour():
    labels, instances = np.array([0, 1, 0, 1, VOID]), np.array([0, 0, 7, 3, 0])
    colors = segment_colors(labels, instances, [(10, 20, 30), CAR])
    assert colors.tolist() == [[10, 20, 30], list(CAR), [10, 20, 30], list(CAR), [0, 0, 0]]


def test_colours_do_not_depend_on_other_classes():
    alone = segment_colors(np.array([1, 1]), np.array([1, 2]), [(9, 9, 9), CAR])
    mixed = segment_colors(np.array([1, 0, 1]), np.array([1, 2, 3]), [(9, 9, 9), CAR])
    assert mixed[[0, 2]].tolist() == alone.tolist()


@pytest.mark.parametrize("name", ["person", "rider", "car", "truck", "bus", "train", "bicycle"])
def test_hundreds_of_instances_differ(name):
    base = name2label[name].color
    assert len({instance_color(base, index) for index in range(300)}) == 300


def test_neighbours_differ_visibly_and_keep_the_hue():
    hue = colorsys.rgb_to_hsv(*(channel / 255 for channel in CAR))[0]
    colors = [instance_color(CAR, index) for index in range(50)]
    for one, other in zip(colors, colors[1:], strict=False):
        assert max(abs(a - b) for a, b in zip(one, other, strict=True)) >= 15
        varied = colorsys.rgb_to_hsv(*(channel / 255 for channel in other))[0]
        assert abs(varied - hue) <= 0.035 + 0.01  # half of the spread, and 8-bit rounding


@pytest.mark.parametrize("base", [(0, 0, 0), (255, 255, 255), (128, 128, 128)])
def test_extreme_colours_vary_in_brightness(base):
    assert len({instance_color(base, index) for index in range(20)}) >= 18
