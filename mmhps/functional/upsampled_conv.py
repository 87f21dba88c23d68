"""A 3x3 convolution of an upsampled map, computed before the upsampling.

Shapes: C channels in, D out, h x w, 2h x 2w.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["conv_of_upsampled"]


def conv_of_upsampled(x: Tensor, weight: Tensor) -> Tensor:
    """Convolve the map that bilinear upsampling would give, with zeros around it.

    Equals ``conv2d(interpolate(x, scale_factor=2, mode="bilinear"), weight, padding=1)`` up to
    rounding, with a quarter of the multiplications: both steps are linear, so that the products
    with the nine taps can be taken at h x w. The result is a fixed combination of these nine maps.

    Args:
        x: (B, C, h, w).
        weight: (D, C, 3, 3).

    Returns:
        (B, D, 2h, 2w).
    """
    batch, _, height, width = x.shape
    # The quarters of both axes, taken at once; the sums below take whole parts.
    weight = weight / 16
    products = F.conv2d(x, weight.permute(2, 3, 0, 1).reshape(-1, weight.shape[1], 1, 1))
    products = products.view(batch, 3, 3, len(weight), height, width)
    # Rows first: in memory, a part of them is one piece.
    rows = _upsampled_sum(products, dim=-2)
    columns = [_upsampled_sum(part, dim=-1) for part in rows]
    # From (even or odd column) of each (even or odd row) to the pixels in their order.
    pixels = torch.stack([torch.stack(parts, dim=-1) for parts in columns], dim=3)
    return pixels.view(batch, len(weight), 2 * height, 2 * width)


def _upsampled_sum(maps: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Upsample three maps (B, 3, …) along an axis, shift them by 1, 0 and -1, and add them.

    Returns:
        Four times the even and the odd places of the sum, each of the maps' size.
    """
    before, at, after = maps.unbind(dim=1)
    even = _shifted(_odd(before, dim), 1, dim) + _even(at, dim) + _odd(after, dim)
    odd = _even(before, dim) + _odd(at, dim) + _shifted(_even(after, dim), -1, dim)
    return even, odd


def _even(x: Tensor, dim: int) -> Tensor:
    """Four times the places 0, 2, 4, … of the upsampled map, a quarter before those of ``x``."""
    length = x.shape[dim]
    previous = torch.cat([x.narrow(dim, 0, 1), x.narrow(dim, 0, length - 1)], dim)
    return torch.add(previous, x, alpha=3)


def _odd(x: Tensor, dim: int) -> Tensor:
    """Four times the places 1, 3, 5, … of the upsampled map, a quarter behind those of ``x``."""
    length = x.shape[dim]
    following = torch.cat([x.narrow(dim, 1, length - 1), x.narrow(dim, length - 1, 1)], dim)
    return torch.add(following, x, alpha=3)


def _shifted(x: Tensor, step: int, dim: int) -> Tensor:
    """Move a map by one place, and fill the free place with zeros."""
    length = x.shape[dim] - 1
    kept, free = x.narrow(dim, 0 if step > 0 else 1, length), torch.zeros_like(x.narrow(dim, 0, 1))
    return torch.cat([free, kept] if step > 0 else [kept, free], dim)
