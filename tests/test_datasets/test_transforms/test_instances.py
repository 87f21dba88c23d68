import numpy as np
import pytest
import torch

from mmhps.datasets.transforms import PanopticIdsToInstances
from mmhps.datasets.transforms.agreement import agree
from mmhps.datasets.transforms.loading import to_segment_map
from mmhps.structures import Segment
from mmhps.structures.id_formats import cityscapes_segments

VOID = 255


def derive(ids, min_area=1, segments=None, num_things=8):
    ids = np.array(ids, dtype=np.int32)
    segments = cityscapes_segments(ids) if segments is None else segments
    results = dict(
        gt_seg_map=to_segment_map(ids, segments),
        segments=segments,
        thing_classes=("thing",) * num_things,
    )
    results = PanopticIdsToInstances(min_area)(results)
    # As packing does.
    return agree(results | dict(img=np.zeros((*ids.shape, 3), np.uint8)))


def assert_no_instances(results, shape):
    assert results["gt_bboxes"].tensor.shape == (0, 4)
    assert results["gt_bboxes_labels"].tolist() == results["gt_ignore_flags"].tolist() == []
    assert results["gt_masks"].masks.shape == (0, *shape)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (3, 7)])
def test_all_void(shape):
    results = derive(np.zeros(shape))
    assert_no_instances(results, shape)
    assert (results["gt_seg_map"] == VOID).all() and (results["gt_panoptic_seg"] == VOID).all()


def test_only_stuff():
    results = derive([[7, 7], [0, 23]])
    assert_no_instances(results, (2, 2))
    assert results["gt_seg_map"].tolist() == [[8, 8], [VOID, 18]]
    assert results["gt_panoptic_seg"].tolist() == [[8, 8], [VOID, 18]]


def test_only_crowd():
    results = derive([[26, 26, 24]])
    assert results["gt_ignore_flags"].tolist() == [True, True]
    assert results["gt_bboxes_labels"].tolist() == [0, 2]  # person crowd 24, car crowd 26
    assert results["gt_bboxes"].tensor.tolist() == [[2, 0, 3, 1], [0, 0, 2, 1]]
    assert results["gt_seg_map"].tolist() == [[2, 2, 0]]
    assert results["gt_panoptic_seg"].tolist() == [[VOID] * 3]


def test_street(street):
    results = derive(street)
    # Order of the ids: crowd 26, person 24001, car 26000. Boxes end one past the last pixel.
    assert results["gt_bboxes"].tensor.tolist() == [[4, 1, 6, 3], [3, 2, 4, 3], [0, 1, 2, 3]]
    assert results["gt_bboxes_labels"].tolist() == [2, 0, 2]
    assert results["gt_ignore_flags"].tolist() == [True, False, False]
    assert results["gt_masks"].masks[1].tolist() == [
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 1, 0, 0],
        [0, 0, 0, 0, 0, 0],
    ]
    assert results["gt_masks"].masks.sum(axis=(1, 2)).tolist() == [4, 1, 4]
    assert results["gt_seg_map"].tolist() == [
        [8, 8, 8, 8, 8, 8],
        [2, 2, 8, 8, 2, 2],
        [2, 2, 8, 0, 2, 2],
        [VOID, VOID, VOID, VOID, 18, 18],
    ]
    # The crowd does not count: person is instance 1, the car instance 2.
    assert results["gt_panoptic_seg"].tolist() == [
        [8, 8, 8, 8, 8, 8],
        [2002, 2002, 8, 8, VOID, VOID],
        [2002, 2002, 8, 1000, VOID, VOID],
        [VOID, VOID, VOID, VOID, 18, 18],
    ]


def test_types(street):
    results = derive(street)
    assert results["gt_bboxes"].tensor.dtype == torch.float32
    assert results["gt_bboxes_labels"].dtype == np.int64
    assert results["gt_ignore_flags"].dtype == bool
    assert results["gt_masks"].masks.dtype == np.uint8
    assert results["gt_seg_map"].dtype == np.uint8
    assert results["gt_panoptic_seg"].dtype == np.int64


def test_parts_of_one_instance_and_overlapping_boxes():
    results = derive([[26000, 26001, 26000]])
    assert results["gt_bboxes"].tensor.tolist() == [[0, 0, 3, 1], [1, 0, 2, 1]]
    assert results["gt_masks"].masks.tolist() == [[[1, 0, 1]], [[0, 1, 0]]]


def test_small_instances_are_ignored_but_keep_their_semantic_label():
    results = derive([[26000, 26001, 26001]], min_area=2)
    assert results["gt_ignore_flags"].tolist() == [True, False]
    assert results["gt_seg_map"].tolist() == [[2, 2, 2]]
    assert results["gt_panoptic_seg"].tolist() == [[VOID, 1002, 1002]]


def test_vanished_segments_make_no_instance(street):
    segments = cityscapes_segments(street)
    results = derive(street[:2], segments=segments)  # person and sky lie below
    assert results["gt_bboxes_labels"].tolist() == [2, 2]
    assert results["gt_panoptic_seg"][1].tolist() == [1002, 1002, 8, 8, VOID, VOID]


def test_more_than_255_instances():
    ids = 26000 + np.arange(400).reshape(20, 20)
    results = derive(ids)
    assert len(results["gt_bboxes"]) == 400
    expected = 2 + 1000 * (1 + np.arange(400).reshape(20, 20))
    np.testing.assert_array_equal(results["gt_panoptic_seg"], expected)


def test_padding_value_255_is_void():
    segments = [Segment(255, 0, False)]
    results = dict(
        img=np.zeros((1, 2, 3), np.uint8),
        gt_seg_map=np.array([[256, 255]], dtype=np.uint16),
        segments=segments,
        thing_classes=("x",),
    )
    results = agree(PanopticIdsToInstances()(results))
    assert results["gt_panoptic_seg"].tolist() == [[1000, VOID]]
    assert results["gt_seg_map"].tolist() == [[0, VOID]]


def test_nothing_happens_without_ground_truth():
    assert PanopticIdsToInstances()(dict(seg_map_path=None)) == dict(seg_map_path=None)


def test_min_area_below_1():
    with pytest.raises(ValueError, match="min_area: expected at least 1 pixel, got 0"):
        PanopticIdsToInstances(min_area=0)


def test_label_255_is_refused():
    with pytest.raises(ValueError, match="labels below 255.*got 255"):
        derive([[5]], segments=[Segment(5, 255, False)])
