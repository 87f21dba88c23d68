"""The pictures show what the training pipeline delivers."""

import mmcv
import numpy as np
import pytest
from PIL import Image

from mmhps.results import panoptic_overlay

CONFIG = """
default_scope = "mmdet"
train_dataloader = dict(dataset=dict(
    type="CityscapesPanopticDataset", data_root={root!r},
    metainfo=dict(classes=("person", "car", "road")), data_prefix=dict(img="images", seg="labels"),
    pipeline=[dict(type="LoadImageFromFile"), dict(type="LoadPanopticIds"),
              dict(type="RandomFlip", prob=1.0), dict(type="PanopticIdsToInstances"),
              dict(type="PackPanopticInputs")]))
"""


@pytest.fixture
def config(tmp_path):
    """One image of 200×16 pixels, dark to the left: a car on the left quarter, road, void."""
    image, ids = np.full((16, 200, 3), 200, np.uint8), np.zeros((16, 200), np.uint16)
    image[:, :50] = (90, 60, 30)
    ids[:8] = 7
    ids[:8, :50] = 26001
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
    Image.fromarray(image).save(tmp_path / "images" / "one_leftImg8bit.png")
    Image.fromarray(ids).save(tmp_path / "labels" / "one_gtFine_instanceIds.png")
    path = tmp_path / "config.py"
    path.write_text(CONFIG.format(root=str(tmp_path)))
    return path


def test_flipped_image_with_flipped_ground_truth(command, config, tmp_path, capsys):
    out = tmp_path / "pictures"
    command.main([str(config), "--out-dir", str(out), "--num", "1", "--scale", "2"])
    assert f"1 pictures are in {out}" in capsys.readouterr().out
    picture = mmcv.imread(out / "00000_one_leftImg8bit.png", channel_order="rgb")
    image = picture[-32 - 32 : -32, :400]  # above the legend, below the titles
    assert (image[:, 320:] == (90, 60, 30)).all() and (image[:, :280] == 200).all()
    ids = np.full((32, 400), 255)
    ids[:16] = 2
    ids[:16, 300:] = 1001
    palette = [(220, 20, 60), (0, 0, 142), (128, 64, 128)]
    assert (picture[-32 - 32 : -32, 404:] == panoptic_overlay(image, ids, palette)).all()


@pytest.mark.parametrize("num", ["0", "2"])
def test_number_of_images(command, config, tmp_path, num):
    with pytest.raises(SystemExit, match=r"error: --num: expected 1\.\.1 "):
        command.main([str(config), "--out-dir", str(tmp_path / "no"), "--num", num])
