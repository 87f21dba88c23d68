"""Whatever MMDetection's transforms do behind PanopticIdsToInstances, all of the truth agrees."""

import numpy as np
import pytest
from ground_truth import assert_agreement, derive, pack, random_ids
from mmdet.datasets.transforms import (
    CopyPaste,
    FilterAnnotations,
    Pad,
    RandomCrop,
    RandomErasing,
    RandomFlip,
    RandomShift,
    Resize,
    Rotate,
    ShearX,
    TranslateX,
    TranslateY,
)
from mmdet.structures.mask import BitmapMasks

from mmhps.datasets.transforms.agreement import agree
from mmhps.structures import VOID


def test_filtered_instances_make_none(street):
    results = FilterAnnotations(min_gt_bbox_wh=(1.5, 1.5))(derive(street))
    assert_agreement(results)
    sample, panoptic, semantic = pack(results)
    assert sample.gt_instances.labels.tolist() == [2]  # not the person of one pixel
    assert panoptic[2].tolist() == [1002, 1002, 8, VOID, VOID, VOID]
    assert semantic[2].tolist() == [2, 2, 8, 0, 2, 2]


def test_flip(street):
    results = RandomFlip(prob=1.0)(derive(street))
    assert_agreement(results)
    assert pack(results)[1][2].tolist() == [VOID, VOID, 1000, 8, 2002, 2002]


def test_pasted_instances(street, monkeypatch):
    """The car of one image hides the car of the other and its left neighbours."""
    results, source = derive(street), derive([[7] * 6, [7] * 6, [26005] * 3 + [7] * 3, [7] * 6])
    monkeypatch.setattr("numpy.random.choice", lambda *args, **kwargs: np.array([0]))
    results["mix_results"] = [source]
    results = CopyPaste(bbox_occluded_thr=0, mask_occluded_thr=0)(results)
    results["img"] = results["img"].astype(np.uint8)
    assert_agreement(results)
    sample, panoptic, semantic = pack(results)
    assert sample.gt_instances.labels.tolist() == [0, 2, 2]
    assert panoptic.tolist() == [
        [8, 8, 8, 8, 8, 8],
        [2002, 2002, 8, 8, VOID, VOID],
        [3002, 3002, 3002, 1000, VOID, VOID],
        [VOID, VOID, VOID, VOID, 18, 18],
    ]
    assert semantic[2].tolist() == [2, 2, 2, 0, 2, 2]


def test_later_masks_hide_earlier_ones(street):
    results = derive(street)
    masks = np.ones((3, 4, 6), np.uint8)
    masks[2, :, 1:] = 0
    results["gt_masks"] = BitmapMasks(masks, 4, 6)
    del results["img_shape"]
    results["gt_bboxes"].tensor[:] = results["gt_bboxes"].tensor.new_tensor([0, 0, 6, 4])
    agreed = agree(results)
    assert agreed["gt_masks"].masks.sum((1, 2)).tolist() == [20, 4]
    assert results["gt_masks"].masks.sum() == 52  # as it was
    assert agreed["gt_bboxes"].tensor.tolist() == [[1, 0, 6, 4], [0, 0, 1, 4]]


def test_boxes_that_left_their_masks(street, monkeypatch):
    monkeypatch.setattr("numpy.random.randint", lambda low, high: high)
    results = derive(street.repeat(10, 0).repeat(10, 1))
    results = RandomShift(prob=1.0, max_shift_px=9)(results)
    with pytest.raises(ValueError, match="gt_bboxes: box 0 .* is not around its mask.*RandomShift"):
        pack(results)


@pytest.mark.parametrize("key", ["gt_seg_map", "gt_bboxes_labels"])
def test_parts_that_do_not_fit(street, key):
    results = derive(street)
    results[key] = results[key][1:]
    with pytest.raises(ValueError, match="A transform .* one without the other.*Mosaic"):
        pack(results)


STEPS = [
    *(RandomFlip(prob=1.0, direction=d) for d in ("horizontal", "vertical", "diagonal")),
    TranslateX(prob=1.0, level=3),
    TranslateY(prob=1.0, level=3),
    RandomErasing(n_patches=2, ratio=0.3, squared=False, bbox_erased_thr=1.0),
    RandomCrop((19, 17), allow_negative_crop=True, recompute_bbox=True),
    Pad(size=(37, 31)),
    FilterAnnotations(min_gt_bbox_wh=(2, 2)),
    Resize((29, 23), interpolation="nearest"),
]
BLURRED = [Rotate(prob=1.0, level=5), ShearX(prob=1.0, level=5)]


@pytest.mark.parametrize("seed", range(12))
def test_any_sequence(seed):
    """The image names the raw id of each pixel, and so says what the truth must be."""
    rng = np.random.default_rng(seed)
    np.random.seed(seed)
    ids = random_ids(rng)
    results = derive(ids)
    ids_of = {26: 2, 24: 0}
    filtered = False
    for step in rng.choice(len(STEPS), 4):
        filtered |= isinstance(STEPS[step], FilterAnnotations | RandomCrop | RandomErasing)
        results = STEPS[step](results)
        if results is None:
            pytest.skip("no instance was left")
    results["img"] = results["img"].copy()
    assert_agreement(results)
    _, panoptic, semantic = pack(results)
    low, high, shown = results["img"].astype(int).transpose(2, 0, 1)
    raw = np.where(shown == 1, low + 256 * high, 0)
    labels = {0: VOID, 7: 8, 23: 18, 33: 7, **ids_of}
    expected = np.vectorize(lambda value: labels[value // 1000 if value >= 1000 else value])(raw)
    assert (semantic == expected).all()
    for value in np.unique(raw[raw >= 1000]):
        found = set(panoptic[raw == value].tolist())
        assert len(found) == 1 and (filtered or found != {VOID})


@pytest.mark.parametrize("step", BLURRED, ids=lambda step: type(step).__name__)
@pytest.mark.parametrize("seed", range(3))
def test_interpolated_masks(step, seed):
    results = step(derive(random_ids(np.random.default_rng(seed), (40, 50))))
    assert_agreement(results)
