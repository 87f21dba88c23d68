"""Models that predict one and the same label everywhere, and images for them."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.structures import PixelData
from PIL import Image

CLASSES = ("person", "car", "road")


class OneLabel(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.label = torch.nn.Parameter(torch.zeros(()))

    def test_step(self, batch):
        height, width = batch["data_samples"][0].ori_shape
        ids = torch.full((1, height, width), int(self.label))
        return [SimpleNamespace(pred_panoptic_seg=PixelData(sem_seg=ids))]


CONFIG = """
default_scope = 'mmdet'
model = dict(type='OneLabel')
test_dataloader = dict(dataset=dict(
    type='CityscapesPanopticDataset', data_root={root!r}, metainfo=dict(classes={classes!r}),
    data_prefix=dict(img='images', seg='labels'), test_mode=True,
    pipeline=[dict(type='LoadImageFromFile'), dict(type='Resize', scale=(8, 4), keep_ratio=True),
              dict(type='PackPanopticInputs')]))
"""


@pytest.fixture
def pairs(tmp_path, monkeypatch):
    """Two configs and checkpoints over two images of 200×16 pixels: half road, half void."""
    monkeypatch.setitem(MODELS._module_dict, "OneLabel", OneLabel)
    ids = np.zeros((16, 200), dtype=np.uint16)
    ids[:8] = 7
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
    for stem in ("one", "two"):
        Image.fromarray(np.full((16, 200, 3), 90, np.uint8)).save(
            tmp_path / "images" / f"{stem}_leftImg8bit.png"
        )
        Image.fromarray(ids).save(tmp_path / "labels" / f"{stem}_gtFine_instanceIds.png")
    found = []
    for name, label in (("first", 1), ("second", 1000)):
        config, checkpoint = tmp_path / f"{name}.py", tmp_path / f"{name}.pth"
        config.write_text(CONFIG.format(root=str(tmp_path), classes=CLASSES))
        torch.save(dict(state_dict=dict(label=torch.tensor(float(label)))), checkpoint)
        found += [str(config), str(checkpoint)]
    return found
