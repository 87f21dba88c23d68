"""The test pipeline as operations of one graph: resize, normalize, pad.

Sizes may be numbers or 0-dimensional tensors, so that the exported graph takes any image. Shapes:
H x W image, h x w network input without padding.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["Size", "as_opencv", "normalized", "scaled"]

Size = tuple[Tensor, Tensor]
"""Height and width, int64."""

_COEFFICIENT = 2048
"""OpenCV's weights are integers of 11 bits."""


def scaled(size: Size, scale: tuple[int, int], keep_ratio: bool = True) -> Size:
    """The size that MMDetection's ``Resize`` gives an image, at least 1.

    Args:
        size: (H, W).
        scale: The longest and the shortest side if ``keep_ratio``, else width and height.
        keep_ratio: Whether both sides are scaled alike.
    """
    height, width = size
    if not keep_ratio:
        return torch.full_like(height, scale[1]), torch.full_like(width, scale[0])
    longest, shortest = torch.maximum(height, width), torch.minimum(height, width)
    factor = torch.minimum(max(scale) / longest.double(), min(scale) / shortest.double())
    new_height, new_width = ((side * factor + 0.5).long().clamp(min=1) for side in size)
    return new_height, new_width


def as_opencv(image: Tensor, size: Size) -> Tensor:
    """Resize an image with the values of ``cv2.resize``, bilinear, in its integer arithmetic.

    Args:
        image: (H, W, C) uint8.
        size: (h, w).

    Returns:
        (h, w, C) float32, whole numbers in 0..255. Enlarged images may differ by 1 in a few values.
    """
    channels = image.shape[2]
    columns, (left, right) = _neighbours(image.shape[1], size[1])
    near, far = (image[:, index].flatten(1).int() for index in columns)
    lines = near * _per_channel(left, channels) + far * _per_channel(right, channels)
    # OpenCV drops 4 bits of the lines' 11 behind the point, and 16 of those of the products with
    # the rows' weights, so that 2 are left to round the sum. To clear the bits is to drop them.
    lines = lines & ~0xF
    rows, weights = _neighbours(image.shape[0], size[0])
    above, below = (
        (lines[index] * weight[:, None]) & ~0xFFFFF
        for index, weight in zip(rows, weights, strict=True)
    )
    total = (above + below + (2 << 20)).float() * 2.0**-22
    return total.floor().reshape(size[0], size[1], channels)


def _neighbours(old: int, new: Tensor) -> tuple[tuple[Tensor, Tensor], ...]:
    """The pixels before and behind each of ``new`` pixels, and their weights.

    Args:
        old: Pixels of the image.
        new: Pixels of the result.

    Returns:
        Two indices of (new,) int64, and two weights of (new,) int32 with 11 bits behind the point.
    """
    length = torch.as_tensor(old)
    before, share = _positions(length, new)
    behind = torch.minimum(before + 1, length - 1)
    near, far = ((weight * _COEFFICIENT).round().int() for weight in (1 - share, share))
    return (before, behind), (near, far)


def _per_channel(weight: Tensor, channels: int) -> Tensor:
    """Repeat the weight of a pixel for each of its channels: (K,) -> (K * C,)."""
    return weight[:, None].expand(-1, channels).flatten()


def normalized(
    image: Tensor, mean: Sequence[float], std: Sequence[float], divisor: int, pad_value: float = 0.0
) -> Tensor:
    """Normalize an image and pad it below and on the right.

    Args:
        image: (h, w, C), in the order of the network's channels.
        mean: C values.
        std: C values.
        divisor: Height and width become multiples of it.
        pad_value: What the padding holds.

    Returns:
        (1, C, h', w') float32.
    """
    means, stds = (torch.tensor(values)[:, None, None] for values in (mean, std))
    values = (image.permute(2, 0, 1) - means) / stds
    height, width = (torch.as_tensor(side) for side in image.shape[:2])
    below, right = (-height) % divisor, (-width) % divisor
    return F.pad(values[None], (0, right, 0, below), value=pad_value)


def _positions(old: Tensor, new: Tensor) -> tuple[Tensor, Tensor]:
    """For each of ``new`` pixels the old pixel before it, int64, and how far it lies behind it."""
    # OpenCV divides twice, and goes on in single precision.
    scale = 1 / (new.double() / old.double())
    place = ((torch.arange(new).double() + 0.5) * scale - 0.5).float()
    before = place.floor()
    share = torch.where((before < 0) | (before >= old - 1), 0.0, place - before)
    return torch.minimum(before.clamp(min=0).long(), old - 1), share
