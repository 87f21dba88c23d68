"""Transforms that move the image only are refused when the data set is built."""

import random

import numpy as np
import pytest
from mmdet.registry import TRANSFORMS
from mmengine.dataset import Compose, RepeatDataset
from mmengine.registry import init_default_scope

from mmhps.datasets import CityscapesPanopticDataset
from mmhps.datasets.transforms.alignment import (
    check_moves,
    check_pipeline,
    check_wrappers,
    moves_image_only,
)

LOAD = [dict(type="LoadImageFromFile"), dict(type="LoadPanopticIds")]
FINISH = [dict(type="PanopticIdsToInstances"), dict(type="PackPanopticInputs")]


class Move:
    """Flips images and what else is named, in every second image."""

    def __init__(self, *keys, wide=1):
        self.keys, self.wide = keys, wide

    def __call__(self, results):
        if random.random() < 0.5:
            results["img"] = results["img"][:, ::-1]
            for key in self.keys:
                value = results[key]
                flipped = value[:, ::-1] if isinstance(value, np.ndarray) else value.flip()
                results[key] = flipped
        return results


class Colour:
    def __call__(self, results):
        gains = np.random.uniform(0.4, 1.2, 3)
        noise = np.random.normal(0, 20, results["img"].shape)
        results["img"] = (255 - results["img"] * gains + noise).clip(0, 255).astype(np.uint8)
        return results


class Fails:
    def __call__(self, results):
        raise KeyError("something")


@pytest.fixture(autouse=True)
def scope():
    init_default_scope("mmdet")


def test_no_step():
    check_pipeline([])


@pytest.mark.parametrize(
    "step",
    [
        dict(type="Mosaic", img_scale=(8, 8)),
        dict(type="CachedMosaic", img_scale=(8, 8)),
        dict(type="MixUp", img_scale=(8, 8)),
        dict(type="RandomAffine"),
        dict(type="RandomShift"),
        dict(
            type="RandomCenterCropPad",
            crop_size=(8, 8),
            mean=[0] * 3,
            std=[1] * 3,
            to_rgb=True,
            test_pad_mode=None,
        ),
        dict(type="SegRescale"),
    ],
    ids=lambda step: step["type"],
)
@pytest.mark.parametrize("nested", [False, True])
def test_known_ones_are_named(tmp_path, write_pair, step, nested):
    write_pair(tmp_path, "a", [[7]])
    name = step["type"]
    step = dict(type="RandomChoice", transforms=[[step]]) if nested else step
    with pytest.raises(ValueError, match=f"pipeline: {name} moves the image but not"):
        CityscapesPanopticDataset(data_root=str(tmp_path), pipeline=[*LOAD, step, *FINISH])


@pytest.mark.parametrize("name", ["Mosaic", "CachedMosaic", "MixUp", "CachedMixUp"])
def test_joined_images_have_a_remedy(name):
    with pytest.raises(ValueError, match=f"pipeline: {name} moves .* [uU]se PanopticMosaic"):
        check_moves([TRANSFORMS.build(dict(type=name))])
    check_moves([TRANSFORMS.build(dict(type="PanopticMosaic"))])


def test_images_without_labels_may_be_moved(tmp_path, write_pair):
    write_pair(tmp_path, "a", [[7]])
    steps = [LOAD[0], dict(type="RandomShift"), FINISH[-1]]
    CityscapesPanopticDataset(data_root=str(tmp_path), pipeline=steps)


def test_right_ones(tmp_path, write_pair):
    write_pair(tmp_path, "a", [[7]])
    names = "RandomFlip PhotoMetricDistortion Rotate TranslateX CutOut RandomErasing AutoAugment"
    extra = dict(
        RandomFlip=dict(prob=0.5),
        CutOut=dict(n_holes=1, cutout_shape=(1, 1)),
        RandomErasing=dict(n_patches=1, ratio=0.1),
    )
    steps = [dict(type=name, **extra.get(name, {})) for name in names.split()]
    CityscapesPanopticDataset(data_root=str(tmp_path), pipeline=[*LOAD, *steps, *FINISH])


class FakeAlbu:
    """What mmdet's Albu is to the check; the package albumentations need not be there."""

    def __init__(self, aug, **keymap):
        self.aug, self.keymap_to_albu = aug, keymap


FakeAlbu.__name__, FakeAlbu.__module__ = "Albu", "mmdet.datasets.transforms.transforms"
DEFAULT = dict(img="image", gt_masks="masks", gt_bboxes="bboxes")


class TestAlbu:
    def test_default_keymap(self):
        message = r"Albu moves the image but not gt_seg_map\. Write keymap=.*'gt_seg_map': 'mask'"
        with pytest.raises(ValueError, match=message):
            check_moves([FakeAlbu(object(), **DEFAULT)])

    def test_with_the_map(self):
        check_moves([FakeAlbu(object(), gt_seg_map="mask", **DEFAULT)])

    def test_other_keymaps(self):
        for keymap in (dict(gt_seg_map="mask"), dict(img="image", gt_seg_map="masks")):
            with pytest.raises(ValueError, match="Albu moves the image but not gt_seg_map"):
                check_moves([FakeAlbu(object(), **keymap)])

    def test_behind_the_instances(self):
        steps = Compose([dict(type="PanopticIdsToInstances")]).transforms
        albu = FakeAlbu(object(), gt_seg_map="mask", **DEFAULT)
        with pytest.raises(ValueError, match="belong to class 0. Put it between LoadPanopticIds"):
            check_moves([*steps, albu])

    def test_colours_only(self):
        colour = type("Blur", (type("ImageOnlyTransform", (), {}),), {})()
        both = type("Compose", (), dict(transforms=[colour]))()
        check_moves([FakeAlbu(both, **DEFAULT)])
        check_moves([FakeAlbu(both, **DEFAULT)], masks=True)


class TestUnknownTransforms:
    @pytest.mark.parametrize("masks", [False, True])
    def test_image_only(self, masks):
        assert moves_image_only(Move(), masks)

    def test_image_and_map(self):
        assert not moves_image_only(Move("gt_seg_map"))
        assert moves_image_only(Move("gt_seg_map"), masks=True)
        assert not moves_image_only(Move("gt_seg_map", "gt_masks", "gt_bboxes"), masks=False)

    def test_all_behind_the_instances(self):
        assert not moves_image_only(Move("gt_seg_map", "gt_masks"), masks=True)

    def test_colours(self):
        assert not moves_image_only(Colour())

    def test_one_that_joins_images(self):
        class Joins(TRANSFORMS.get("Mosaic")):
            """One of a user's own, which also moves no masks."""

        class JoinsMaps(TRANSFORMS.get("PanopticMosaic")):
            pass

        assert moves_image_only(Joins((96, 64)), masks=True)
        assert not moves_image_only(JoinsMaps((96, 64)))

    def test_one_that_mixes_in_another_image(self):
        class MixIn(Move):
            def get_indexes(self, dataset):
                return len(dataset) - 1

            def __call__(self, results):
                (other,) = results["mix_results"]
                return results | {key: other[key] for key in self.keys}

        assert moves_image_only(MixIn("img"))
        assert not moves_image_only(MixIn("img", "gt_seg_map"))

    def test_one_that_needs_more(self):
        assert not moves_image_only(Fails())

    def test_message(self):
        with pytest.raises(ValueError, match="Move was tried on a picture.*moves_image = False"):
            check_moves([Move()])

    def test_is_taken_at_its_word(self):
        step = Move()
        step.moves_image = False
        check_moves([step])

    def test_random_numbers_stay(self):
        np.random.seed(3)
        random.seed(3)
        expected = np.random.RandomState(3).rand(), random.Random(3).random()
        moves_image_only(Colour())
        moves_image_only(Move())
        assert (np.random.rand(), random.random()) == expected


RIGHT = [
    *(f"{name}" for name in "ShearX ShearY Rotate TranslateX TranslateY".split()),
    *"Color Brightness Contrast Sharpness Solarize SolarizeAdd Posterize Equalize".split(),
    *"AutoContrast Invert AutoAugment RandAugment PhotoMetricDistortion".split(),
    *"YOLOXHSVRandomAug Expand MinIoURandomCrop".split(),
]


@pytest.mark.parametrize("masks", [False, True])
@pytest.mark.parametrize("name", RIGHT)
def test_those_of_mmdetection_pass_the_trial(name, masks):
    assert not moves_image_only(TRANSFORMS.build(dict(type=name)), masks)


@pytest.mark.parametrize("name", ["RandomShift", "RandomAffine"])
def test_wrong_ones_do_not(name):
    class Forgetful:
        """Without masks, which RandomAffine refuses."""

        step = TRANSFORMS.build(dict(type=name))

        def __call__(self, results):
            masks = results.pop("gt_masks")
            return self.step(results) | dict(gt_masks=masks)

    assert moves_image_only(Forgetful(), masks=True)


class TestWrappers:
    """MultiImageMixDataset has a pipeline of its own."""

    @pytest.fixture
    def mix(self, tmp_path, write_pair, street):
        def build(*steps):
            for name in "ab":
                write_pair(tmp_path, name, street)
            inner = dict(
                type="CityscapesPanopticDataset",
                data_root=str(tmp_path),
                pipeline=[*LOAD, dict(type="PanopticIdsToInstances")],
            )
            pipeline = [*steps, FINISH[-1]]
            outer = dict(type="MultiImageMixDataset", dataset=inner, pipeline=pipeline)
            joined = dict(type="ConcatDataset", datasets=[outer])
            return RepeatDataset(joined, times=2)

        return build

    def test_mosaic(self, mix):
        with pytest.raises(ValueError, match="pipeline: Mosaic moves the image but not"):
            check_wrappers(mix(dict(type="Mosaic", img_scale=(8, 8))))

    def test_copy_paste(self, mix):
        dataset = mix(dict(type="CopyPaste"), dict(type="FilterAnnotations"))
        check_wrappers(dataset)
        for _ in range(4):
            sample = dataset[0]["data_samples"]
            panoptic = sample.gt_panoptic_seg.sem_seg[0]
            for g, mask in enumerate(sample.gt_instances.masks.masks, start=1):
                assert (panoptic[mask != 0] // 1000 == g).all()
            assert panoptic[panoptic >= 1000].numel() == sample.gt_instances.masks.masks.sum()
