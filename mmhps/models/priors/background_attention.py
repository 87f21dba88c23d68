"""AUNet's attention (Li et al., 2018): proposals, then instances, turn the semantic branch away."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmhps.functional import background_attention, instance_maximum, select_channels

from ..instances import Canvases, Instances
from .base import Prior, PriorInputs, PriorOutput


@MODELS.register_module()
class BackgroundAttention(Prior):
    """Proposal attention from the RPN's features, then mask attention from the instances.

    Changes the FPN features on every level and adds no channels. The levels share all weights.

    Args:
        in_channels: Channels of the FPN's and the RPN's features.
    """

    def __init__(self, in_channels: int = 256) -> None:
        super().__init__()
        self.proposals = _Attention(in_channels, in_channels)
        self.masks = _Attention(1, in_channels)

    def forward(self, inputs: PriorInputs) -> PriorOutput:
        """See the class."""
        images = zip(inputs.instances, inputs.canvases, strict=True)
        masks = torch.stack([_any_instance(*image) for image in images])
        levels = []
        for level, proposals in zip(inputs.features, inputs.rpn_features(), strict=True):
            resized = F.adaptive_max_pool2d(masks, level.shape[-2:])
            levels.append(self.masks(resized, self.proposals(proposals, level)))
        return PriorOutput(tuple(levels))


class _Attention(BaseModule):
    """An attention map from some features, and the selection of channels behind it.

    The weights start near 0, where both treat all places and channels alike.
    """

    def __init__(self, source_channels: int, channels: int) -> None:
        super().__init__(init_cfg=dict(type="Normal", layer="Conv2d", std=0.01))
        self.foreground = nn.Conv2d(source_channels, 1, 3, padding=1)
        self.select = nn.Conv2d(channels, channels, 1)

    def forward(self, source: Tensor, features: Tensor) -> Tensor:
        """Features (B, C, h, w) with attention; ``source`` is (B, C', h, w)."""
        attended = background_attention(features, self.foreground(source))
        pooled = attended.mean(dim=(2, 3), keepdim=True)
        return select_channels(attended, self.select(pooled))


def _any_instance(instances: Instances, canvases: Canvases) -> Tensor:
    """The largest mask probability of all detections of an image, (1, h, w)."""
    probabilities = canvases.logits.float().sigmoid() * canvases.cover
    # Ground truth that the detector missed is left out, as it is missing at test time, too.
    return instance_maximum(probabilities, instances.detected[:, None].float())
