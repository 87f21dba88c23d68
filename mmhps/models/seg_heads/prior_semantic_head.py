"""The semantic branch that also sees a prior (section 3.2)."""

from __future__ import annotations

import torch
from mmcv.cnn import ConvModule
from mmdet.registry import MODELS
from mmdet.utils import ConfigType
from mmengine.model import Sequential
from torch import Tensor, nn

from .concat_semantic_head import ConcatSemanticHead, upsample
from .parts_conv import PartsConv2d


@MODELS.register_module()
class PriorSemanticHead(ConcatSemanticHead):
    """The semantic branch that also sees a prior, e.g. the initial segmentation image.

    The prior's channels (B, E, h, w) are concatenated to the upsampled levels; four (3x3
    convolution, BN, ReLU) and one 1x1 block follow.

    Args:
        extra_channels: E; T, the number of thing classes, if None.
        block_channels: Channels of the 3x3 blocks (not stated in the paper); ``inner_channels`` if
            None.
        num_convs: Number of 3x3 blocks.
        identity_init: Initialize the first 3x3 block with its centre tap only, and the following
            ones as the identity. The branch then starts nearly as shallow as without a prior.
        norm_logits: Normalize and rectify the class logits after the 1x1 convolution, as the
            paper describes it.
        kwargs: See :class:`ConcatSemanticHead`.
    """

    def __init__(
        self,
        *args,
        extra_channels: int | None = None,
        block_channels: int | None = None,
        num_convs: int = 4,
        identity_init: bool = True,
        norm_logits: bool = False,
        inner_channels: int = 128,
        **kwargs,
    ) -> None:
        self._extra_channels = extra_channels
        self._widths = [block_channels or inner_channels] * num_convs
        self._norm_logits = norm_logits
        self._identity_init = identity_init
        super().__init__(*args, inner_channels=inner_channels, **kwargs)

    @property
    def extra_channels(self) -> int:
        """E, the number of channels that a prior has to add."""
        if self._extra_channels is None:
            return self.num_things_classes
        return self._extra_channels

    def _build_classifier(self, channels: int, norm_cfg: ConfigType) -> nn.Module:
        widths = [channels + self.extra_channels, *self._widths]
        parts = dict(type=PartsConv2d)
        convs = [
            ConvModule(c_in, c_out, 3, padding=1, conv_cfg=None if i else parts, norm_cfg=norm_cfg)
            for i, (c_in, c_out) in enumerate(zip(widths, widths[1:], strict=False))
        ]
        last = (
            ConvModule(widths[-1], self.num_classes, 1, norm_cfg=norm_cfg)
            if self._norm_logits
            else nn.Conv2d(widths[-1], self.num_classes, 1)
        )
        return Sequential(*convs, last)

    def init_weights(self) -> None:
        """Initialize as usual, except for the blocks that start as the identity."""
        super().init_weights()
        if self._identity_init:
            first, *others = self.classifier[:-1]
            with torch.no_grad():
                middle = first.conv.weight[..., 1:2, 1:2].clone()
                first.conv.weight.zero_()[..., 1:2, 1:2] = middle
            for block in others:
                nn.init.dirac_(block.conv.weight)

    def forward(self, x: tuple[Tensor, ...], extra: Tensor | None = None) -> dict[str, Tensor]:
        """Compute semantic logits.

        Args:
            x: FPN features, P2 of shape (B, C, h, w) first.
            extra: The prior's channels (B, E, h, w).

        Returns:
            ``seg_preds`` (B, T + S, h, w).

        Raises:
            ValueError: ``extra`` is missing or has other than E channels.
        """
        found = 0 if extra is None else extra.shape[1]
        if found != self.extra_channels:
            raise ValueError(
                f"extra: expected {self.extra_channels} channels of a prior, got {found}. Set "
                f"model.prior, or semantic_head.type='ConcatSemanticHead' for none."
            )
        first, *others = self._levels(x)
        height, width = first.shape[-2:]
        halved = [(2 * level.shape[-2], 2 * level.shape[-1]) == (height, width) for level in others]
        if others and all(halved):
            # The convolution itself upsamples what has exactly half the size.
            parts = [first, torch.cat(others, dim=1)]
        else:
            parts = [first, *(upsample(level, first.shape[-2:]) for level in others)]
        if extra is not None:
            parts.append(extra.to(first.dtype))
        return dict(seg_preds=self.classifier(parts))
