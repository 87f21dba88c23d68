"""The paper's semantic branch (section 3.1)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from mmdet.models.layers import ConvUpsample
from mmdet.models.seg_heads.base_semantic_head import BaseSemanticHead
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.utils import ConfigType, OptMultiConfig
from mmengine.model import ModuleList
from torch import Tensor, nn

from mmhps.functional import Resampled, resampled
from mmhps.structures import VOID

from .parts_conv import PartsConv2d

_BN = dict(type="BN", requires_grad=True)
_CE = dict(type="CrossEntropyLoss", ignore_index=VOID, avg_non_ignore=True, loss_weight=0.5)


@MODELS.register_module()
class ConcatSemanticHead(BaseSemanticHead):
    """P2..P5, each upsampled to h x w x 128, concatenated; one 1x1 convolution to T + S classes.

    The 1x1 convolution is applied before the last upsampling. The two can be exchanged without
    changing the result beyond rounding, and this order takes fewer operations and less memory.

    Args:
        num_things_classes: T.
        num_stuff_classes: S.
        in_channels: Channels of each FPN level.
        inner_channels: Channels of each upsampled level.
        num_levels: FPN levels used, from P2.
        norm_cfg: Normalization; the paper uses BN.
        loss_seg: Loss over the T + S classes at the input's resolution; it gets the logits of all
            pixels as (B * H * W, T + S).
        init_cfg: Initialization.

    Attributes:
        extra_channels: Channels that a prior has to add: none.
    """

    extra_channels = 0

    def __init__(
        self,
        num_things_classes: int = 8,
        num_stuff_classes: int = 11,
        in_channels: int = 256,
        inner_channels: int = 128,
        num_levels: int = 4,
        norm_cfg: ConfigType = _BN,
        loss_seg: ConfigType = _CE,
        init_cfg: OptMultiConfig = None,
    ) -> None:
        super().__init__(
            num_classes=num_things_classes + num_stuff_classes,
            seg_rescale_factor=1.0,
            loss_seg=loss_seg,
            init_cfg=init_cfg,
        )
        self.num_things_classes = num_things_classes
        self.num_stuff_classes = num_stuff_classes
        self.num_levels = num_levels
        self.conv_upsample_layers = ModuleList(
            ConvUpsample(
                in_channels,
                inner_channels,
                num_layers=max(level, 1),
                num_upsample=max(level - 1, 0),
                norm_cfg=norm_cfg,
            )
            for level in range(num_levels)
        )
        self.classifier = self._build_classifier(num_levels * inner_channels, norm_cfg)

    def _build_classifier(self, channels: int, norm_cfg: ConfigType) -> nn.Module:
        return PartsConv2d(channels, self.num_classes, 1)

    def forward(self, x: tuple[Tensor, ...], extra: Tensor | None = None) -> dict[str, Tensor]:
        """Compute semantic logits.

        Args:
            x: FPN features, P2 of shape (B, C, h, w) first.
            extra: Channels of a prior; this head takes none.

        Returns:
            ``seg_preds`` (B, T + S, h, w).

        Raises:
            ValueError: There is a prior.
        """
        if extra is not None:
            raise ValueError(
                f"extra: expected none, got {extra.shape[1]} channels of a prior. Set "
                f"semantic_head.type='PriorSemanticHead', or model.prior=None."
            )
        levels = self._levels(x)
        size = levels[0].shape[-2:]
        first, *others = self.classifier.shares(levels)
        return dict(seg_preds=sum((upsample(share, size) for share in others), first))

    def _levels(self, x: tuple[Tensor, ...]) -> list[Tensor]:
        """P2..P5 before the last upsampling: P2 as it is, the others at half its size."""
        return [layer(level) for layer, level in zip(self.conv_upsample_layers, x, strict=False)]

    def loss_and_logits(
        self, x: tuple[Tensor, ...], batch_data_samples: SampleList, extra: Tensor | None = None
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Compute the semantic loss at the input's resolution, and logits for the panoptic loss.

        Args:
            x: FPN features.
            batch_data_samples: With ``gt_sem_seg`` (1, H, W), all padded to one size.
            extra: Channels of a prior (B, E, h, w).

        Returns:
            ``{'loss_seg': ...}`` and the logits (B, T + S, h, w).
        """
        logits = self(x, extra)["seg_preds"]
        target = torch.stack([s.gt_sem_seg.sem_seg.squeeze(0) for s in batch_data_samples]).long()
        # Classes last: interpolation and softmax are twice as fast where the logits of a pixel are
        # adjacent in memory.
        full = F.interpolate(
            logits.contiguous(memory_format=torch.channels_last),
            target.shape[-2:],
            mode="bilinear",
            align_corners=False,
        )
        pixels = full.permute(0, 2, 3, 1).flatten(0, 2)
        return dict(loss_seg=self.loss_seg(pixels.float(), target.flatten())), logits

    def loss(self, x: tuple[Tensor, ...], batch_data_samples: SampleList) -> dict[str, Tensor]:
        """Compute the semantic loss; see :meth:`loss_and_logits`."""
        return self.loss_and_logits(x, batch_data_samples)[0]

    def predict_resampled(
        self,
        x: tuple[Tensor, ...],
        batch_img_metas: list[dict],
        rescale: bool = False,
        extra: Tensor | None = None,
    ) -> list[Resampled]:
        """Compute the semantic logits of each image without its padding, interpolated when read.

        Args:
            x: FPN features.
            batch_img_metas: Meta information with ``batch_input_shape``, ``img_shape`` and
                ``ori_shape``.
            rescale: Read them at the original size of the image, else at the network's.
            extra: Channels of a prior (B, E, h, w).

        Returns:
            Per image (T + S, h, w), to be read at (H, W).
        """
        return [
            resampled(
                values,
                tuple(meta["ori_shape" if rescale else "img_shape"][:2]),
                shown=tuple(meta["img_shape"][:2]),
                padded=tuple(meta["batch_input_shape"]),
            )
            for values, meta in zip(self(x, extra)["seg_preds"], batch_img_metas, strict=True)
        ]

    def predict(
        self, x: tuple[Tensor, ...], batch_img_metas: list[dict], rescale: bool = False
    ) -> list[Tensor]:
        """Per image (T + S, H, W) semantic logits; see :meth:`predict_resampled`."""
        return [one.dense() for one in self.predict_resampled(x, batch_img_metas, rescale)]


def upsample(level: Tensor, size: torch.Size) -> Tensor:
    """Double the size of a level, to (h, w)."""
    level = F.interpolate(level, scale_factor=2, mode="bilinear")
    # Sizes differ only where the input is not padded to a multiple of the largest stride.
    return level if level.shape[-2:] == size else F.interpolate(level, size, mode="bilinear")
