"""Canvases without their empty parts: the cost grows with the boxes, not with the image.

Shapes: N instances, M x M mask logits (28 x 28), H x W canvas.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from .canvas import axis_weights

__all__ = ["Layer", "cut_layers", "paste_windows", "window_boxes"]

Layer = tuple[tuple[slice, slice], Tensor]
"""A canvas without its empty part: the window (rows, columns) and the logits there."""


def paste_windows(mask_logits: Tensor, boxes: Tensor, size: tuple[int, int]) -> list[Layer]:
    """Resize each instance's mask logits to its box, as :func:`paste_canvases` does.

    Args:
        mask_logits: (N, M, M), any floating dtype.
        boxes: (N, 4) as x1, y1, x2, y2 in pixels of the canvas, as for :func:`paste_canvases`.
        size: Canvas size (H, W).

    Returns:
        N canvases in float32. A window holds the pixels with their centre inside the box (maybe
        none), and the canvas there is ``paste_canvases(mask_logits, boxes, size)[n][window]``.
    """
    boxes = boxes.detach().float()
    with torch.autocast(mask_logits.device.type, enabled=False):
        rows = _axis_windows(boxes[:, 1], boxes[:, 3], size[0], mask_logits.shape[1])
        columns = _axis_windows(boxes[:, 0], boxes[:, 2], size[1], mask_logits.shape[2])
        return [
            ((row, column), above @ mask @ beside.T)
            for mask, (row, above), (column, beside) in zip(
                mask_logits.float(), rows, columns, strict=True
            )
        ]


def cut_layers(layers: Sequence[Layer], rows: slice) -> list[Layer]:
    """Restrict layers to some rows of the canvas; a layer outside of them gets an empty window."""
    cut = []
    for (y, x), canvas in layers:
        start = min(max(y.start, rows.start), rows.stop)
        stop = max(min(y.stop, rows.stop), start)
        window = slice(start - rows.start, stop - rows.start), x
        cut.append((window, canvas[max(start - y.start, 0) : max(stop - y.start, 0)]))
    return cut


def window_boxes(layers: Sequence[Layer]) -> Tensor:
    """Return the windows of N layers as boxes (N, 4), float32, in pixels of the canvas."""
    edges = [(x.start, y.start, x.stop, y.stop) for (y, x), _ in layers]
    return torch.tensor(edges, dtype=torch.float32).view(-1, 4)


def _axis_windows(
    low: Tensor, high: Tensor, length: int, cells: int
) -> Iterator[tuple[slice, Tensor]]:
    """Per box, the pixels with their centre in it, and their weights (pixels, cells).

    Computes all boxes at once: their pixels are concatenated, one box after the other.
    """
    start, stop = ((e.double() - 0.5).ceil().clamp(0, length).long() for e in (low, high))
    count = (stop - start).clamp(min=0)
    box = torch.arange(len(low), device=low.device).repeat_interleave(count)
    pixel = torch.arange(len(box), device=low.device) + (start - count.cumsum(0) + count)[box]
    weights = axis_weights(pixel + 0.5, low[box], high[box], cells)
    counts = count.tolist()
    for first, number, part in zip(start.tolist(), counts, weights.split(counts), strict=True):
        yield slice(first, first + number), part
