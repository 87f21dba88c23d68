"""Canvases (paper, section 3.1): mask logits placed into layers of the size of the image.

Shapes: N instances, M x M mask logits (28 x 28), H x W canvas.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["box_cover", "paste_canvases"]

_THINNEST = 1e-6


def box_cover(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Which pixels have their centre inside each box.

    Args:
        boxes: (N, 4) as x1, y1, x2, y2 in pixels of the canvas; may reach beyond it.
        size: Canvas size (H, W).

    Returns:
        (N, H, W) bool. A box that holds no pixel centre covers nothing.
    """
    boxes = boxes.float()
    return (
        _axis_inside(boxes[:, 1], boxes[:, 3], size[0])[:, :, None]
        & _axis_inside(boxes[:, 0], boxes[:, 2], size[1])[:, None, :]
    )


def paste_canvases(
    mask_logits: Tensor, boxes: Tensor, size: tuple[int, int], empty: float = 0.0
) -> Tensor:
    """Resize each instance's mask logits to its box and place them into an empty layer.

    Bilinear, pixel centres at half integers, the outermost logit continued to the box's edge.
    Interpolation along an axis is a product with a thin matrix, so that a canvas is
    ``rows @ mask @ columns``: differentiable, the same on every device, and exact in float32
    even under autocast.

    Args:
        mask_logits: (N, M, M), any floating dtype.
        boxes: (N, 4) as x1, y1, x2, y2 in pixels of the canvas; may reach beyond it or be thinner
            than a pixel. No gradient flows to them.
        size: Canvas size (H, W).
        empty: What a canvas holds outside of its box.

    Returns:
        (N, H, W), the dtype of ``mask_logits``.

    Raises:
        ValueError: If the shapes do not fit each other.
    """
    if mask_logits.ndim != 3 or boxes.shape != (len(mask_logits), 4):
        raise ValueError(
            "expected mask_logits (N, M, M) and boxes (N, 4), got "
            f"{tuple(mask_logits.shape)} and {tuple(boxes.shape)}"
        )
    boxes = boxes.detach().float()
    with torch.autocast(mask_logits.device.type, enabled=False):
        x1, y1, x2, y2 = boxes.T[..., None]
        rows = axis_weights(_centres(size[0], boxes), y1, y2, mask_logits.shape[1])
        columns = axis_weights(_centres(size[1], boxes), x1, x2, mask_logits.shape[2])
        pasted = rows @ mask_logits.float() @ columns.transpose(1, 2)
    return pasted.where(box_cover(boxes, size), pasted.new_tensor(empty)).to(mask_logits.dtype)


def _centres(length: int, like: Tensor) -> Tensor:
    return torch.arange(length, device=like.device) + 0.5


def _axis_inside(low: Tensor, high: Tensor, length: int) -> Tensor:
    """(N,), (N,) -> (N, length): is the centre of the pixel between low and high?"""
    centre = _centres(length, low)
    return (centre >= low[:, None]) & (centre < high[:, None])


def axis_weights(centre: Tensor, low: Tensor, high: Tensor, cells: int) -> Tensor:
    """(..., cells) bilinear weights of pixels in an extent along one axis, summing to 1."""
    position = (centre - low) / (high - low).clamp(min=_THINNEST) * cells - 0.5
    position = position.clamp(0, cells - 1)
    cell = torch.arange(cells, device=low.device)
    return (1 - (position[..., None] - cell).abs()).clamp(min=0)
