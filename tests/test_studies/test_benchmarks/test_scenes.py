"""The label maps of the benchmarks."""

import numpy as np

from mmhps.studies.benchmarks.scenes import THINGS, LabelMap, label_map


def test_no_instances_leave_the_road():
    scene = label_map(40, 20, things=0)
    assert scene.labels == {1001: THINGS} and scene.things == []
    assert (scene.ids == 1001).all()


def test_every_id_of_the_map_has_a_label_and_no_other():
    scene = label_map(128, 64, things=30, stuff=11)
    assert set(np.unique(scene.ids).tolist()) == scene.labels.keys()
    stuff = [label for label in scene.labels.values() if label >= THINGS]
    assert len(set(stuff)) == len(stuff)
    assert len(scene.things) + len(stuff) == len(scene.segments)
    again = label_map(128, 64, things=30, stuff=11)
    assert (scene.ids == again.ids).all() and scene.labels == again.labels
    assert (scene.ids != label_map(128, 64, things=30, stuff=11, seed=1).ids).any()


def test_rgb_by_hand():
    scene = LabelMap(np.array([[1 + 2 * 256 + 3 * 65536]], np.int32), {197121: 0})
    assert scene.rgb.tolist() == [[[1, 2, 3]]]
