"""A convolution of concatenated tensors, without concatenating them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

import torch.nn.functional as F
from torch import Tensor, nn

from mmhps.functional import conv_of_upsampled


class PartsConv2d(nn.Conv2d):
    """A convolution of concatenated tensors, without concatenating them.

    Takes the arguments of ``torch.nn.Conv2d`` and has its parameters.
    """

    conv_of_upsampled = staticmethod(conv_of_upsampled)

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
        if halved:
            return self.conv_of_upsampled(part, weight)
        return F.conv2d(part, weight, None, self.stride, self.padding)

    def _weighted(self, parts: Sequence[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
        # Slices between numbers, not between sizes that a trace follows: an export folds them.
        widths = [int(part.shape[1]) for part in parts]
        if sum(widths) != self.in_channels:
            raise ValueError(
                f"parts: expected {self.in_channels} channels in all, got {widths}. Set "
                f"in_channels to their sum."
            )
        for part, width, end in zip(parts, widths, accumulate(widths), strict=True):
            yield part, self.weight[:, end - width : end]
