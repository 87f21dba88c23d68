"""Networks that can be exported, and what MMDetection's way through them predicts."""

import numpy as np
import torch
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.dataset import pseudo_collate

from mmhps.deployment.network import ExportableNetwork
from mmhps.deployment.support import preprocessing_of

SCALE = (96, 64)
SYSTEMS = ("semantic-plus-instance", "panoptic-fpn", "hps", "hps-isi")


def config_of(steps=(), **resize):
    """A config with a test pipeline around one Resize."""
    resize = dict(dict(type="Resize", scale=SCALE, keep_ratio=True), **resize)
    pipeline = [dict(type="LoadImageFromFile"), resize, *steps, dict(type="PackPanopticInputs")]
    return Config(dict(test_dataloader=dict(dataset=dict(type="Any", pipeline=pipeline))))


def exportable(model, **more):
    """The network that is exported, of a detector."""
    return ExportableNetwork(model.eval(), preprocessing_of(config_of(), model), **more).eval()


def street(size, seed=0):
    """An image (H, W, 3) uint8 RGB of coloured blocks and noise."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (-(-size[0] // 16), -(-size[1] // 16), 3), dtype=np.uint8)
    image = blocks.repeat(16, 0).repeat(16, 1)[: size[0], : size[1]]
    return np.clip(image + rng.integers(-20, 20, image.shape), 0, 255).astype(np.uint8)


def expected_sample(model, image):
    """The data sample that a detector predicts for an RGB image."""
    pipeline = Compose(
        [
            dict(type="mmdet.LoadImageFromNDArray"),
            dict(type="mmdet.Resize", scale=SCALE, keep_ratio=True),
            dict(type="mmdet.PackPanopticInputs"),
        ]
    )
    data = pipeline(dict(img=np.ascontiguousarray(image[..., ::-1]), img_id=0))
    with torch.no_grad():
        return model.eval().test_step(pseudo_collate([data]))[0]
