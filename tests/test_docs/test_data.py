"""The files and weights that docs/data.md and docs/get_started.md show."""

import re
from pathlib import Path

import mmengine
import numpy as np
import pytest
from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from PIL import Image

ROOT = Path(__file__).parents[2]
DATA, START = (
    (ROOT / f"docs/{page}.md").read_text(encoding="utf-8") for page in ("data", "get_started")
)
HUB = Path(mmengine.__path__[0], "hub")


@pytest.fixture
def kitti(tmp_path, monkeypatch):
    """The documented config, and a release whose first 165 photos are there, all of one car."""
    ((name, code),) = re.findall(r"```python\n# (configs/\S+)\n(.*?)```", DATA, re.DOTALL)
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text(code)
    for folder in ("_base_", "kitti"):
        (tmp_path / "configs" / folder).symlink_to(ROOT / "configs" / folder)
    files = (
        ("image_2", np.zeros((8, 24, 3), np.uint8)),
        ("instance", np.full((8, 24), 26 * 256 + 1, np.uint16)),
    )
    for folder, pixels in files:
        path = tmp_path / "data/data_semantics/training" / folder
        path.mkdir(parents=True)
        Image.fromarray(pixels).save(path / "000000_10.png")
        for number in range(1, 165):
            (path / f"{number:06d}_10.png").hardlink_to(path / "000000_10.png")
    monkeypatch.chdir(tmp_path)
    init_default_scope("mmdet")
    return Config.fromfile(name)


def test_kitti_is_read_without_conversion(kitti):
    train, val, test = (
        DATASETS.build(kitti[f"{split}_dataloader"].dataset) for split in ("train", "val", "test")
    )
    assert (len(train), len(val), len(test)) == (130, 35, 35)
    numbers = [int(d.get_data_info(i)["img_id"]) for d in (train, val) for i in range(len(d))]
    assert numbers == list(range(165))
    sample = train[0]["data_samples"]
    assert sample.gt_panoptic_seg.sem_seg.unique().tolist() == [1002]  # car 1
    # 2048 of 2048x1024 pixels, of 1242x375
    assert kitti.model.test_cfg.panoptic.stuff_area_limit == round(2048 * 1242 * 375 / 2048 / 1024)


def test_splits_of_kitti_are_those_of_the_converter():
    from mmhps.converters.kitti import BLOCKS

    rows = re.findall(r"\| `(\w+)` \| (\d{6}) to (\d{6}) \| (\d+) \|", DATA)
    assert rows == [
        (split, f"{block[0]:06d}", f"{block[-1]:06d}", str(len(block)))
        for split, block in BLOCKS.items()
    ]


def test_weights_of_resnets_are_those_that_mmengine_knows():
    torchvision = mmengine.load(HUB / "torchvision_0.12.json")
    names = re.findall(r"torchvision://(\w+)", START)
    assert {"resnet50", "resnet101"} == set(names) <= torchvision.keys()
    for name in names:
        assert torchvision[name].rpartition("/")[2] in START
    known = mmengine.load(HUB / "openmmlab.json")
    names = re.findall(r"`open-mmlab://([\w/]+)`", START)
    assert len(names) == 4 and set(names) <= known.keys()


def test_weights_of_lite0_are_where_the_page_says():
    from mmhps.models.backbones.efficientnet_lite import IMAGENET

    assert f'checkpoint="{IMAGENET}"' in START
    base = Config.fromfile(ROOT / "configs/_base_/models/narrow_lite0.py")
    assert base.model.backbone.init_cfg.checkpoint == IMAGENET
