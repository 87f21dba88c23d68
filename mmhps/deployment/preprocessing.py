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
        (h, w, C) int32 in 0..255. Enlarged images may differ by 1 in a few values.
    """
    old = tuple(torch.as_tensor(side) for side in image.shape[:2])
    above, below = (part[:, None, None] for part in _weights(old[0], size[0]))
    left, right = (part[None, :, None] for part in _weights(old[1], size[1]))
    row, column = (_positions(*sides)[0] for sides in zip(old, size, strict=True))
    rows = []
    for index, weight in ((row, above), (_next(row, old[0]), below)):
        line = image[index].int()
        line = line[:, column] * left + line[:, _next(column, old[1])] * right
        # 4 of the 11 bits go before the second product, as in OpenCV.
        rows.append(_shift(weight * _shift(line, 4), 16))
    return _shift(rows[0] + rows[1] + 2, 2)


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
    values = (image.float() - torch.tensor(mean)) / torch.tensor(std)
    height, width = (torch.as_tensor(side) for side in image.shape[:2])
    below, right = (-height) % divisor, (-width) % divisor
    return F.pad(values.permute(2, 0, 1)[None], (0, right, 0, below), value=pad_value)


def _positions(old: Tensor, new: Tensor) -> tuple[Tensor, Tensor]:
    """For each of ``new`` pixels the old pixel before it, int64, and how far it lies behind it."""
    # OpenCV divides twice, and goes on in single precision.
    scale = 1 / (new.double() / old.double())
    place = ((torch.arange(new).double() + 0.5) * scale - 0.5).float()
    before = place.floor()
    share = torch.where((before < 0) | (before >= old - 1), 0.0, place - before)
    return torch.minimum(before.clamp(min=0).long(), old - 1), share


def _weights(old: Tensor, new: Tensor) -> tuple[Tensor, Tensor]:
    """The shares of the old pixels before and behind each new one, as int32."""
    share = _positions(old, new)[1]
    before, behind = ((part * _COEFFICIENT).round().int() for part in (1 - share, share))
    return before, behind


def _next(index: Tensor, length: Tensor) -> Tensor:
    return torch.minimum(index + 1, length - 1)


def _shift(values: Tensor, bits: int) -> Tensor:
    """Shift integers of at least 0 to the right; ONNX has a division, but no shift for int32."""
    return torch.div(values, 1 << bits, rounding_mode="trunc").int()
