"""MMDetection's Albu with the package albumentations."""

import numpy as np
import pytest
from ground_truth import assert_agreement, pack, random_ids, to_loaded
from mmdet.registry import TRANSFORMS

from mmhps.datasets.transforms import PanopticIdsToInstances
from mmhps.datasets.transforms.alignment import check_moves
from mmhps.structures import VOID

pytest.importorskip("albumentations", reason="pip install albumentations")

KEYMAP = dict(img="image", gt_seg_map="mask")
ROTATION = dict(type="Affine", rotate=(20, 20), interpolation=0, p=1.0)
MOVES = [
    dict(type="HorizontalFlip", p=0.5),
    dict(type="Transpose", p=0.5),
    dict(type="RandomCrop", height=18, width=18, p=1.0),
    dict(type="Affine", rotate=(-30, 30), scale=(0.5, 1.5), interpolation=0, p=0.7),
]
COLOURS = [
    dict(type="RandomBrightnessContrast"),
    dict(type="OneOf", transforms=[dict(type="Blur", blur_limit=3), dict(type="MedianBlur")]),
]


def albu(steps, keymap=None):
    return TRANSFORMS.get("Albu")(steps, keymap=keymap)


@pytest.mark.parametrize("seed", range(8))
def test_image_and_map_are_moved_alike(seed):
    """The image names the raw id of each pixel, and so says what the truth must be."""
    rng = np.random.default_rng(seed)
    step = albu(MOVES, KEYMAP)
    step.aug.set_random_seed(seed)
    check_moves([step])
    results = PanopticIdsToInstances()(step(to_loaded(random_ids(rng))))
    assert results["img"].shape == (18, 18, 3)
    assert_agreement(results)
    _, panoptic, semantic = pack(dict(results))
    low, high, shown = results["img"].astype(int).transpose(2, 0, 1)
    raw = np.where(shown == 1, low + 256 * high, 0)
    labels = {0: VOID, 7: 8, 23: 18, 33: 7, 26: 2, 24: 0}
    expected = np.vectorize(lambda value: labels[value // 1000 if value >= 1000 else value])(raw)
    assert (semantic == expected).all()
    instances = [set(panoptic[raw == value].tolist()) for value in np.unique(raw[raw >= 1000])]
    assert all(len(found) == 1 for found in instances)
    assert len(set.union(set(), *instances)) == len(instances)


def test_what_it_fills_behind_the_instances_would_be_a_class():
    """Why it is refused there."""
    step = albu([ROTATION], dict(KEYMAP, gt_masks="masks"))
    results = step(PanopticIdsToInstances()(to_loaded(np.full((20, 24), 7))))
    assert set(np.unique(results["gt_seg_map"])) == {0, 8}  # person at the corners
    with pytest.raises(ValueError, match="would belong to class 0"):
        check_moves([PanopticIdsToInstances(), step])


def test_default_keymap():
    with pytest.raises(ValueError, match="Albu moves the image but not gt_seg_map"):
        check_moves([albu([*COLOURS, ROTATION])])


@pytest.mark.parametrize("masks", [False, True])
def test_colours_alone_need_no_keymap(masks):
    check_moves([albu(COLOURS)], masks)
