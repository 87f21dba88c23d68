"""The paper's semantic branch (section 3.1) and its extension by ISI (section 3.2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmdet.models.layers import ConvUpsample
from mmdet.models.seg_heads.base_semantic_head import BaseSemanticHead
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.utils import ConfigType, OptMultiConfig
from mmengine.model import ModuleList, Sequential
from torch import Tensor, nn

from mmhps.functional import Resampled, resampled

_BN = dict(type="BN", requires_grad=True)
_CE = dict(type="CrossEntropyLoss", ignore_index=255, avg_non_ignore=True, loss_weight=0.5)


class PartsConv2d(nn.Conv2d):
    """A convolution of concatenated tensors, without concatenating them.

    Takes the arguments of ``torch.nn.Conv2d`` and has its parameters.
    """

    def shares(self, parts: Sequence[Tensor]) -> Iterator[Tensor]:
        """What each tensor adds to the result, one after the other; the bias is in the first share.

        Args:
            parts: (B, C_i, h_i, w_i), whose channels add up to ``in_channels``.
        """
        weights = self.weight.split([part.shape[1] for part in parts], dim=1)
        for i, (part, weight) in enumerate(zip(parts, weights, strict=True)):
            yield F.conv2d(part, weight, None if i else self.bias, self.stride, self.padding)

    def forward(self, parts: Sequence[Tensor]) -> Tensor:
        """Tensors (B, C_i, h, w) of one size -> (B, out_channels, h', w')."""
        shares = self.shares(parts)
        return sum(shares, next(shares))


@MODELS.register_module()
class ConcatSemanticHead(BaseSemanticHead):
    """P2..P5, each upsampled to h x w x 128, concatenated; one 1x1 convolution to T + S classes.

    The 1x1 convolution goes before the last upsampling, with which it can change places: that takes
    fewer operations and less memory, and has the same result but for rounding.

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
    """

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

    def forward(self, x: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Compute semantic logits.

        Args:
            x: FPN features, P2 of shape (B, C, h, w) first.

        Returns:
            ``seg_preds`` (B, T + S, h, w).
        """
        levels = self._levels(x)
        size = levels[0].shape[-2:]
        first, *others = self.classifier.shares(levels)
        return dict(seg_preds=sum((_upsample(share, size) for share in others), first))

    def _levels(self, x: tuple[Tensor, ...]) -> list[Tensor]:
        """P2..P5 before the last upsampling: P2 as it is, the others at half its size."""
        return [layer(level) for layer, level in zip(self.conv_upsample_layers, x, strict=False)]

    def loss_and_logits(
        self, x: tuple[Tensor, ...], batch_data_samples: SampleList
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Semantic loss at the input's resolution, and the logits for the panoptic loss.

        Args:
            x: FPN features.
            batch_data_samples: With ``gt_sem_seg`` (1, H, W), all padded to one size.

        Returns:
            ``{'loss_seg': ...}`` and the logits (B, T + S, h, w).
        """
        logits = self(x)["seg_preds"]
        target = torch.stack([s.gt_sem_seg.sem_seg.squeeze(0) for s in batch_data_samples]).long()
        # Classes last: interpolation and softmax are twice as fast where a pixel's logits are
        # neighbours in memory.
        full = F.interpolate(
            logits.contiguous(memory_format=torch.channels_last),
            target.shape[-2:],
            mode="bilinear",
            align_corners=False,
        )
        pixels = full.permute(0, 2, 3, 1).flatten(0, 2)
        return dict(loss_seg=self.loss_seg(pixels.float(), target.flatten())), logits

    def loss(self, x: tuple[Tensor, ...], batch_data_samples: SampleList) -> dict[str, Tensor]:
        """The semantic loss; see :meth:`loss_and_logits`."""
        return self.loss_and_logits(x, batch_data_samples)[0]

    def predict_resampled(
        self, x: tuple[Tensor, ...], batch_img_metas: list[dict], rescale: bool = False
    ) -> list[Resampled]:
        """Semantic logits of each image without its padding, interpolated where they are read.

        Args:
            x: FPN features.
            batch_img_metas: Meta information with ``batch_input_shape``, ``img_shape`` and
                ``ori_shape``.
            rescale: Read them at the original size of the image, else at the network's.

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
            for values, meta in zip(self(x)["seg_preds"], batch_img_metas, strict=True)
        ]

    def predict(
        self, x: tuple[Tensor, ...], batch_img_metas: list[dict], rescale: bool = False
    ) -> list[Tensor]:
        """Per image (T + S, H, W) semantic logits; see :meth:`predict_resampled`."""
        return [one.dense() for one in self.predict_resampled(x, batch_img_metas, rescale)]


@MODELS.register_module()
class ISISemanticHead(ConcatSemanticHead):
    """The semantic branch that also sees the initial segmentation image.

    Its last input is ISI (B, T, h, w), which the ISI neck appends to the FPN features. It is
    concatenated to the upsampled levels; four (3x3 convolution, BN, ReLU) and one 1x1 block
    follow.

    Args:
        isi_channels: Channels of the 3x3 blocks (not stated in the paper); ``inner_channels`` if
            None.
        num_convs: Number of 3x3 blocks.
        identity_init: Start the first 3x3 block with its middle tap only, and those behind it as
            the identity. The branch then starts nearly as shallow as the one without ISI.
        norm_logits: Normalize and rectify the class logits after the 1x1 convolution, as the
            paper describes it.
        kwargs: See :class:`ConcatSemanticHead`.
    """

    def __init__(
        self,
        *args,
        isi_channels: int | None = None,
        num_convs: int = 4,
        identity_init: bool = True,
        norm_logits: bool = False,
        inner_channels: int = 128,
        **kwargs,
    ) -> None:
        self._widths = [isi_channels or inner_channels] * num_convs
        self._norm_logits = norm_logits
        self._identity_init = identity_init
        super().__init__(*args, inner_channels=inner_channels, **kwargs)

    def _build_classifier(self, channels: int, norm_cfg: ConfigType) -> nn.Module:
        widths = [channels + self.num_things_classes, *self._widths]
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
        """The usual initialization, but for the blocks that start as the identity."""
        super().init_weights()
        if self._identity_init:
            first, *others = self.classifier[:-1]
            with torch.no_grad():
                middle = first.conv.weight[..., 1:2, 1:2].clone()
                first.conv.weight.zero_()[..., 1:2, 1:2] = middle
            for block in others:
                nn.init.dirac_(block.conv.weight)

    def forward(self, x: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Compute semantic logits.

        Args:
            x: FPN features, P2 of shape (B, C, h, w) first, and ISI (B, T, h, w) last.

        Returns:
            ``seg_preds`` (B, T + S, h, w).
        """
        first, *others = self._levels(x[:-1])
        upsampled = [_upsample(level, first.shape[-2:]) for level in others]
        with _kept_small(others, upsampled):
            parts = [first, *upsampled, x[-1].to(first.dtype)]
            return dict(seg_preds=self.classifier(parts))


def _upsample(level: Tensor, size: torch.Size) -> Tensor:
    """Double the size of a level, which then is (h, w)."""
    level = F.interpolate(level, scale_factor=2, mode="bilinear")
    # Sizes differ only where the input is not padded to a multiple of the largest stride.
    return level if level.shape[-2:] == size else F.interpolate(level, size, mode="bilinear")


def _kept_small(
    levels: Sequence[Tensor], upsampled: Sequence[Tensor]
) -> torch.autograd.graph.saved_tensors_hooks:
    """Let autograd keep levels in place of what is upsampled from them, and upsample them again."""
    kept = {
        up.data_ptr(): (level, up.shape[-2:]) for level, up in zip(levels, upsampled, strict=True)
    }
    return torch.autograd.graph.saved_tensors_hooks(
        lambda tensor: kept.get(tensor.data_ptr(), tensor),
        lambda saved: _upsample(*saved) if isinstance(saved, tuple) else saved,
    )
