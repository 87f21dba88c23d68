"""A convolution of concatenated tensors, without concatenating them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmhps.functional import conv_of_upsampled


class PartsConv2d(nn.Conv2d):
    """A convolution of concatenated tensors, without concatenating them.

    Takes the arguments of ``torch.nn.Conv2d`` and has its parameters.
    """

    def shares(self, parts: Sequence[Tensor]) -> Iterator[Tensor]:
        """What each tensor adds to the result, one after the other; the bias is in the first share.

        Args:
            parts: (B, C_i, h_i, w_i), whose channels add up to ``in_channels``.
        """
        for i, (part, weight) in enumerate(self._weighted(parts)):
            yield F.conv2d(part, weight, None if i else self.bias, self.stride, self.padding)

    def forward(self, parts: Sequence[Tensor]) -> Tensor:
        """Convolve the concatenation.

        Args:
            parts: (B, C_i, h, w) of one size; for a kernel of 3x3 with padding, also of half that
                size, which stand for their bilinear upsampling by 2. The first one has full size.

        Returns:
            (B, out_channels, h', w').
        """
        (first, first_weight), *others = self._weighted(parts)
        total = F.conv2d(first, first_weight, self.bias, self.stride, self.padding)
        for part, weight in others:
            total = total + self._share(part, weight, halved=part.shape[-2:] != first.shape[-2:])
        return total

    def _share(self, part: Tensor, weight: Tensor, halved: bool) -> Tensor:
        # ONNX Runtime convolves fast and adds slowly.
        if halved and not torch.onnx.is_in_onnx_export():
            return conv_of_upsampled(part, weight)
        if halved:
            part = F.interpolate(part, scale_factor=2, mode="bilinear")
        return F.conv2d(part, weight, None, self.stride, self.padding)

    def _weighted(self, parts: Sequence[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
        weights = self.weight.split([part.shape[1] for part in parts], dim=1)
        return zip(parts, weights, strict=True)
