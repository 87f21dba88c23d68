"""Operations and parameters, counted by hand."""

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmhps.studies import complexity


@pytest.fixture
def count(tiny_config):
    """Return a function that counts a narrow network on an image of 64 rows."""

    def run(name, width=64):
        init_default_scope("mmdet")
        return complexity.count(tiny_config(f"mini/{name}_r18_mini.py").model, (64, width))

    return run


@pytest.mark.parametrize("name", ["hps-isi", "panoptic-fpn", "semantic-plus-instance"])
def test_every_part_has_its_share(count, build_model, name):
    found = count(name)
    *parts, total = found.values()
    model = build_model(f"mini/{name}_r18_mini.py")
    assert total[1] == sum(p.numel() for p in model.parameters()) == sum(p for _, p in parts)
    assert all(operations > 0 for operations, _ in parts)
    assert sum(operations for operations, _ in parts) <= total[0]


def test_neck_by_hand(count):
    """Four levels of 8 to 64 channels become 16: 1×1 and 3×3 convolutions, each with a norm."""
    pixels, channels = [16 * 16, 8 * 8, 4 * 4, 2 * 2], [8, 16, 32, 64]
    lateral = sum(n * c * 16 for n, c in zip(pixels, channels, strict=True))
    output = sum(pixels) * 9 * 16 * 16
    norms = 2 * sum(pixels) * 16 * 2  # scale and shift
    enlarged = sum(pixels[:-1]) * 16
    assert count("hps")["neck"][0] == lateral + output + norms + enlarged


def test_backbone_grows_with_the_image(count):
    assert count("hps", 128)["backbone"][0] == 2 * count("hps")["backbone"][0]


def test_mask_head_sees_all_instances(tiny_config):
    """Twice as many instances at most, more operations of the heads."""
    init_default_scope("mmdet")
    model = tiny_config("mini/hps_r18_mini.py").model
    few = complexity.count(model, (64, 64))["roi_head"][0]
    model.test_cfg.rcnn.update(max_per_img=20, score_thr=0.9)
    many = complexity.count(model, (64, 64))["roi_head"][0]
    assert many > few
    assert model.test_cfg.rcnn.score_thr == 0.9  # the config is not changed


def test_pipeline_without_a_scale():
    pipeline = [dict(type="LoadImageFromFile")]
    config = Config(dict(test_dataloader=dict(dataset=dict(pipeline=pipeline))))
    with pytest.raises(ValueError, match="give --shape"):
        complexity.image_shape(config)
