"""MMDetection's own geometric transforms between ours: everything stays consistent."""

import os
from pathlib import Path

import numpy as np
import pytest
from mmengine.dataset import Compose

from mmhps.datasets import CityscapesPanopticDataset

VOID = 255
LOAD = [dict(type="mmdet.LoadImageFromFile"), dict(type="mmdet.LoadPanopticIds")]
FINISH = [dict(type="mmdet.PanopticIdsToInstances"), dict(type="mmdet.PackPanopticInputs")]


@pytest.fixture
def run(tmp_path, write_pair):
    """Function (ids, *transforms): the packed sample of one image with these transforms."""

    def run(ids, *transforms):
        write_pair(tmp_path, "x", ids)
        dataset = CityscapesPanopticDataset(
            data_root=str(tmp_path), pipeline=[*LOAD, *transforms, *FINISH]
        )
        packed = dataset[0]
        assert packed["inputs"].shape[1:] == packed["data_samples"].gt_sem_seg.shape
        return packed["data_samples"]

    return run


@pytest.fixture
def crop_at(monkeypatch):
    """Function (x, y): fix the corner of mmdet's RandomCrop, which draws y first."""

    def crop_at(x, y):
        draws = iter([y, x])
        monkeypatch.setattr("numpy.random.randint", lambda low, high: next(draws))

    return crop_at


def assert_consistent(sample):
    """Boxes, masks, semantic and panoptic map of a packed sample say the same."""
    panoptic = sample.gt_panoptic_seg.sem_seg[0].numpy()
    semantic = sample.gt_sem_seg.sem_seg[0].numpy()
    instances = sample.gt_instances
    for g, label in enumerate(instances.labels.tolist()):
        mask = panoptic == label + 1000 * (g + 1)
        np.testing.assert_array_equal(mask, instances.masks.masks[g].astype(bool))
        y, x = mask.nonzero()
        box = [x.min(), y.min(), x.max() + 1, y.max() + 1]
        assert instances.bboxes.tensor[g].tolist() == box
    assert panoptic.max() // 1000 <= len(instances)
    crowd = sample.ignored_instances.masks.masks.any(axis=0)
    assert (panoptic[crowd] == VOID).all()
    same = (panoptic % 1000 == semantic) | crowd
    assert same.all()


def test_resize_up(run, street):
    sample = run(street, dict(type="mmdet.Resize", scale=(12, 8)))
    assert sample.gt_instances.bboxes.tensor.tolist() == [[6, 4, 8, 6], [0, 2, 4, 6]]
    assert sample.ignored_instances.bboxes.tensor.tolist() == [[8, 2, 12, 6]]
    assert_consistent(sample)


def test_resize_down_drops_what_vanishes(run, street):
    # Nearest neighbour by 2 keeps rows 0, 2 and columns 0, 2, 4: R R R / A R G.
    sample = run(street, dict(type="mmdet.Resize", scale=(3, 2)))
    assert sample.gt_sem_seg.sem_seg.tolist() == [[[8, 8, 8], [2, 8, 2]]]
    assert sample.gt_panoptic_seg.sem_seg.tolist() == [[[8, 8, 8], [1002, 8, VOID]]]
    assert sample.gt_instances.bboxes.tensor.tolist() == [[0, 1, 1, 2]]
    assert_consistent(sample)


def test_flip(run, street):
    sample = run(street, dict(type="mmdet.RandomFlip", prob=1.0))
    assert sample.flip and sample.flip_direction == "horizontal"
    assert sample.gt_panoptic_seg.sem_seg.tolist() == [
        [
            [8, 8, 8, 8, 8, 8],
            [VOID, VOID, 8, 8, 2002, 2002],
            [VOID, VOID, 1000, 8, 2002, 2002],
            [18, 18, VOID, VOID, VOID, VOID],
        ]
    ]
    assert sample.gt_instances.bboxes.tensor.tolist() == [[2, 2, 3, 3], [4, 1, 6, 3]]
    assert_consistent(sample)


def test_crop_cuts_boxes_tight(run, street, crop_at):
    # Rows 1..2 and columns 1..4: A R R G / A R B G.
    crop_at(1, 1)
    sample = run(street, dict(type="mmdet.RandomCrop", crop_size=(4, 2)))
    assert sample.gt_panoptic_seg.sem_seg.tolist() == [[[2002, 8, 8, VOID], [2002, 8, 1000, VOID]]]
    assert sample.gt_sem_seg.sem_seg.tolist() == [[[2, 8, 8, 2], [2, 8, 0, 2]]]
    assert sample.gt_instances.bboxes.tensor.tolist() == [[2, 1, 3, 2], [0, 0, 1, 2]]
    assert sample.ignored_instances.bboxes.tensor.tolist() == [[3, 0, 4, 2]]
    assert_consistent(sample)


def test_crop_without_any_thing_is_kept(run, street, crop_at):
    crop_at(0, 3)
    sample = run(street, dict(type="mmdet.RandomCrop", crop_size=(6, 1)))
    assert sample.gt_panoptic_seg.sem_seg.tolist() == [[[VOID] * 4 + [18, 18]]]
    assert len(sample.gt_instances) == len(sample.ignored_instances) == 0


def test_pad_is_void(run, street):
    sample = run(street[1:3], dict(type="mmdet.Pad", size=(8, 3)))
    assert sample.gt_sem_seg.sem_seg.tolist() == [
        [
            [2, 2, 8, 8, 2, 2, VOID, VOID],
            [2, 2, 8, 0, 2, 2, VOID, VOID],
            [VOID] * 8,
        ]
    ]
    assert sample.gt_instances.masks.masks.shape == (2, 3, 8)
    assert_consistent(sample)


def test_all_of_them(run, street, crop_at):
    crop_at(2, 3)
    sample = run(
        street,
        dict(type="mmdet.Resize", scale=(12, 8)),
        dict(type="mmdet.RandomFlip", prob=1.0),
        dict(type="mmdet.RandomCrop", crop_size=(7, 3)),
        dict(type="mmdet.Pad", size=(8, 4)),
    )
    # Flipped rows 1 and 2 are G G R R A A and G G B R A A; doubled, columns 2..8 and rows 3..5.
    assert sample.gt_panoptic_seg.sem_seg.tolist() == [
        [
            [VOID, VOID, 8, 8, 8, 8, 2002, VOID],
            [VOID, VOID, 1000, 1000, 8, 8, 2002, VOID],
            [VOID, VOID, 1000, 1000, 8, 8, 2002, VOID],
            [VOID] * 8,
        ]
    ]
    assert sample.gt_instances.bboxes.tensor.tolist() == [[2, 1, 4, 3], [6, 0, 7, 3]]
    assert_consistent(sample)


@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (17, 31)])
@pytest.mark.parametrize("scale", [(1, 1), (7, 11), (64, 33)])
def test_odd_sizes(run, shape, scale):
    values = [0, 7, 23, 26, 24, *range(24000, 24005), *range(26000, 26005), 33000]
    ids = np.random.default_rng(0).choice(values, shape)
    sample = run(
        ids,
        dict(type="mmdet.Resize", scale=scale, keep_ratio=True),
        dict(type="mmdet.RandomFlip", prob=0.5),
        dict(type="mmdet.Pad", size_divisor=32),
    )
    assert_consistent(sample)


def test_more_segments_than_8_bits(run):
    ids = 26000 + np.arange(300).reshape(15, 20)
    sample = run(
        ids, dict(type="mmdet.Resize", scale=(40, 30)), dict(type="mmdet.Pad", size=(64, 32))
    )
    assert len(sample.gt_instances) == 300
    assert_consistent(sample)


def test_inference_from_an_array():
    pipeline = [
        dict(type="mmdet.LoadImageFromNDArray"),
        dict(type="mmdet.LoadPanopticIds"),
        dict(type="mmdet.Resize", scale=(8, 6)),
        *FINISH,
    ]
    packed = Compose(pipeline)(dict(img=np.zeros((3, 4, 3), dtype=np.uint8)))
    assert packed["inputs"].shape == (3, 6, 8)
    assert packed["data_samples"].ori_shape == (3, 4)
    assert "gt_panoptic_seg" not in packed["data_samples"]


@pytest.mark.skipif("MMHPS_CAMVID_ROOT" not in os.environ, reason="set MMHPS_CAMVID_ROOT")
def test_real_photos():
    dataset = CityscapesPanopticDataset(
        data_root=str(Path(os.environ["MMHPS_CAMVID_ROOT"])),
        data_prefix=dict(img="leftImg8bit/val", seg="gtFine/val"),
        pipeline=[
            *LOAD,
            dict(
                type="mmdet.RandomResize", scale=(320, 240), ratio_range=(0.5, 2.0), keep_ratio=True
            ),
            dict(type="mmdet.RandomCrop", crop_size=(200, 150)),
            dict(type="mmdet.RandomFlip", prob=0.5),
            *FINISH,
        ],
        indices=30,
    )
    for packed in dataset:
        assert_consistent(packed["data_samples"])
