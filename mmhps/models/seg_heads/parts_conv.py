"""A convolution of concatenated tensors, without concatenating them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch.nn.functional as F
from torch import Tensor, nn


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
