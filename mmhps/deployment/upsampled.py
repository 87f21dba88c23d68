"""The convolution of an upsampled map, for runtimes that are slow at moving memory."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmhps.models.seg_heads.parts_conv import PartsConv2d

__all__ = ["conv_of_upsampled_by_products", "use_products"]


def use_products(network: nn.Module) -> None:
    """Let all ``PartsConv2d`` of a network use :func:`conv_of_upsampled_by_products`, in place."""
    for module in network.modules():
        if isinstance(module, PartsConv2d):
            module.conv_of_upsampled = conv_of_upsampled_by_products


def conv_of_upsampled_by_products(x: Tensor, weight: Tensor) -> Tensor:
    """:func:`mmhps.functional.conv_of_upsampled`, its sums of shifted maps as matrix products.

    That multiplies more, by zeros, and writes less: instead of some thirty sums and shifts there
    are two products.

    Args:
        x: (1, C, h, w).
        weight: (D, C, 3, 3).

    Returns:
        (1, D, 2h, 2w).
    """
    height, width = (torch.as_tensor(side) for side in x.shape[2:])
    channels = weight.shape[0]
    # Channels in the order D, column of the kernel, row of the kernel.
    products = F.conv2d(x, weight.permute(0, 3, 2, 1).reshape(-1, weight.shape[1], 1, 1))
    lines = _taps(height) @ products.reshape(channels, 3, 3 * height, width)
    lines = lines.transpose(1, 2).reshape(channels * 2 * height, 3 * width)
    return (lines @ _taps(width).T).reshape(1, channels, 2 * height, 2 * width)


def _taps(length: Tensor) -> Tensor:
    """(2L, 3L): upsample three parts of an axis, shift them by 1, 0 and -1, and add them."""
    cell = torch.arange(length)
    place = (torch.arange(2 * length) * 0.5 - 0.25).clamp(min=0)
    place = torch.minimum(place, (length - 1).float())
    upsampled = (1 - (place[:, None] - cell).abs()).relu()
    zeros = torch.zeros_like(upsampled[:1])
    before = torch.cat([zeros, upsampled[:-1]])
    return torch.cat([before, upsampled, torch.cat([upsampled[1:], zeros])], dim=1)
