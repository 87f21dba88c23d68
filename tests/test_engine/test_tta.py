"""The views that a test pipeline delivers."""

import pytest
from mmcv.transforms import Resize
from mmengine.config import Config

from mmhps.engine.tta import add_views, views_of

RESIZE = dict(type="Resize", scale=(256, 128), keep_ratio=True)
LOAD, PACK = dict(type="LoadImageFromFile"), dict(type="PackPanopticInputs")
FLIPS = [dict(type="RandomFlip", prob=0.0), dict(type="RandomFlip", prob=1.0)]


def test_three_sizes_each_mirrored():
    load, views = views_of([LOAD, RESIZE, PACK])
    assert load == LOAD and views["type"] == "TestTimeAug"
    sizes, flips, pack = views["transforms"]
    assert [size["scale"] for size in sizes] == [(192, 96), (256, 128), (320, 160)]
    assert all(size["keep_ratio"] for size in sizes) and (flips, pack) == (FLIPS, [PACK])


@pytest.mark.parametrize(
    ("resize", "expected"),
    [
        (dict(type="Resize", scale_factor=1.0), [0.75, 1.0, 1.25]),
        (
            dict(type="mmdet.Resize", scale_factor=(2.0, 1.0)),
            [(1.5, 0.75), (2.0, 1.0), (2.5, 1.25)],
        ),
        (dict(type=Resize, scale_factor=2.0), [1.5, 2.0, 2.5]),
    ],
)
def test_factors_and_types(resize, expected):
    sizes = views_of([LOAD, resize, PACK])[1]["transforms"][0]
    assert [size["scale_factor"] for size in sizes] == expected


def test_without_resize_only_mirrored():
    assert views_of([LOAD, PACK])[1]["transforms"] == [FLIPS, [PACK]]


@pytest.mark.parametrize("steps", [[], [LOAD, RESIZE]])
def test_nothing_packs(steps):
    with pytest.raises(ValueError, match="expected PackPanopticInputs or PackDetInputs at its end"):
        views_of(steps)


def test_wrapped_data_sets_and_own_views():
    one = dict(type="A", pipeline=[LOAD, PACK])
    both = dict(type="ConcatDataset", datasets=[one, dict(type="RepeatDataset", dataset=one)])
    cfg = Config(dict(test_dataloader=dict(dataset=both)))
    add_views(cfg)
    first, second = cfg.test_dataloader.dataset.datasets
    for dataset in (first, second.dataset):
        assert dataset.pipeline[1].type == "TestTimeAug"
    cfg.tta_pipeline = [LOAD]
    add_views(cfg)
    assert first.pipeline == [LOAD]
