"""Parameters and operations of a model."""

from __future__ import annotations

from functools import partial

import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.analysis import FlopAnalyzer, parameter_count
from mmengine.config import Config, ConfigDict
from mmengine.model import revert_sync_batchnorm


def count(model_config: ConfigDict, shape: tuple[int, int]) -> dict[str, tuple[int, int]]:
    """Count the operations of one image, and the parameters.

    Args:
        model_config: The ``model`` of a config; not changed.
        shape: Height and width of the image, pixels, as the network sees it.

    Returns:
        Operations and parameters of each part by its name, and last of the whole as ``total``.
    """
    torch.manual_seed(0)
    config = model_config.copy()
    config.test_cfg = {**config.test_cfg, "rcnn": {**config.test_cfg.rcnn, "score_thr": 0.0}}
    model = revert_sync_batchnorm(MODELS.build(config)).eval()
    meta = dict(img_shape=shape, ori_shape=shape, batch_input_shape=shape, scale_factor=(1.0, 1.0))
    model.forward = partial(model._forward, batch_data_samples=[DetDataSample(metainfo=meta)])
    analyzer = FlopAnalyzer(model, torch.randn(1, 3, *shape))
    analyzer.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    operations, parameters = analyzer.by_module(), parameter_count(model)
    parts = {name: name for name, _ in model.named_children() if parameters.get(name)}
    return {
        title: (int(operations[name]), parameters[name])
        for title, name in {**parts, "total": ""}.items()
    }


def image_shape(config: Config) -> tuple[int, int]:
    """The height and width to which the test pipeline resizes, pixels.

    Raises:
        ValueError: It does not resize.
    """
    for transform in config.test_dataloader.dataset.pipeline:
        if "scale" in transform:
            width, height = transform["scale"]
            return height, width
    raise ValueError("the test pipeline does not resize to a scale: give --shape HEIGHT WIDTH")
