"""RoIAlign as one weighted sum of feature vectors per bin.

A bin's value is the mean of bilinear samples on a regular grid. Both the mean and the interpolation
are linear and go along one axis after the other, so that a bin is a sum of the feature map's cells
with weights that are a product of one factor per axis. Neighbouring samples share cells: a bin has
few of them, however many samples it takes.

Shapes: B images of C channels and h x w cells; N boxes with K x L bins.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["roi_align"]


def roi_align(
    features: Tensor,
    rois: Tensor,
    output_size: int | tuple[int, int],
    spatial_scale: float = 1.0,
    sampling_ratio: int = 0,
    aligned: bool = True,
) -> Tensor:
    """RoIAlign of averages (He et al., "Mask R-CNN", 2017).

    The values and gradients are those of ``mmcv.ops.roi_align``, which on a CPU visits every value
    of every sample on its own.

    Args:
        features: (B, C, h, w) floating point.
        rois: (N, 5) as image index, x1, y1, x2, y2, with x2 >= x1 and y2 >= y1. No gradient flows
            to them.
        output_size: (K, L), or one number for both.
        spatial_scale: Cells of the feature map per unit of the boxes.
        sampling_ratio: Samples of a bin along each axis; 0 takes one per begun cell.
        aligned: With half-pixel correction, as in Detectron2. Without it, as in the paper, boxes
            are half a cell off, and at least one cell long and wide.

    Returns:
        (N, C, K, L). Samples more than a cell outside of the map count as 0; so does a box without
        area if ``sampling_ratio`` is 0, and one that is not finite.
    """
    _, channels, height, width = features.shape
    rows, columns = (output_size,) * 2 if isinstance(output_size, int) else output_size
    image, boxes = rois[:, 0].int(), rois[:, 1:].detach().float() * spatial_scale
    boxes = boxes - 0.5 * aligned
    corner, sides = boxes[:, :2], boxes[:, 2:] - boxes[:, :2]
    if not aligned:
        sides = sides.clamp(min=1)
    y = _bins(corner[:, 1], sides[:, 1], rows, sampling_ratio, height)
    x = _bins(corner[:, 0], sides[:, 0], columns, sampling_ratio, width)

    # Pairs of a bin and one of its cells, bin by bin; in 32 bits, because they are many.
    count = (y.number[:, :, None] * x.number[:, None, :]).flatten()
    start = count.cumsum(0, dtype=torch.int32) - count
    bins = torch.arange(len(count), dtype=torch.int32, device=count.device)
    bins = bins.repeat_interleave(count)
    cell = torch.arange(len(bins), dtype=torch.int32, device=count.device) - start[bins]
    line = bins // columns  # row of bins, of all boxes
    column = line // rows * columns + bins % columns
    across = x.number.flatten()[column]
    below = cell // across
    right = cell - below * across

    row = image.repeat_interleave(rows) * height + y.first.flatten()
    cells = (row[line] + below) * width + x.first.flatten()[column] + right
    weights = y.weights.flatten()[line * y.weights.shape[2] + below]
    weights *= x.weights.flatten()[column * x.weights.shape[2] + right]
    table = features.permute(0, 2, 3, 1).flatten(0, 2).contiguous()
    pooled = F.embedding_bag(
        cells, table, start, mode="sum", per_sample_weights=weights.to(table.dtype)
    )
    return pooled.view(len(rois), rows, columns, channels).permute(0, 3, 1, 2)


class _Bins(NamedTuple):
    """Which cells each bin touches along one axis, and how much of each it takes."""

    first: Tensor
    """(N, K) int32, the first cell."""
    number: Tensor
    """(N, K) int32, the number of cells, without gaps; 0 for a bin outside of the map."""
    weights: Tensor
    """(N, K, >= number) float32, the share of each."""


def _bins(start: Tensor, side: Tensor, bins: int, ratio: int, length: int) -> _Bins:
    """Divide the boxes along one axis.

    Args:
        start: (N,) where each begins, in cells from the first cell's middle.
        side: (N,) how long it is.
        bins: K.
        ratio: Samples per bin; 0 takes one per begun cell.
        length: Number of cells.
    """
    size = (side / bins)[:, None, None]
    samples = torch.full_like(size, ratio) if ratio else size.ceil()
    samples = samples.nan_to_num(0, 0, 0)
    sample = torch.arange(_most(samples), device=start.device)
    edge = start[:, None, None] + torch.arange(bins, device=start.device)[:, None] * size
    place = edge + (sample + 0.5) * size / samples.clamp(min=1)
    used = (sample < samples) & (place >= -1) & (place <= length)
    share = used / samples.clamp(min=1)
    place = place.nan_to_num(0).clamp(0, length - 1)
    cell = place.long()
    behind = (place - cell) * share

    first = torch.where(used, cell, length).amin(dim=2)
    last = torch.where(used, cell + 1, -1).amax(dim=2).clamp(max=length - 1)
    count = (last - first + 1).clamp(min=0)
    # One more than is read: a sample on the last cell has a share of 0 of the one behind it.
    weights = behind.new_zeros(*count.shape, _most(count) + 1)
    offset = (cell - first[..., None]).clamp(min=0)
    weights.scatter_add_(2, torch.where(used, offset, 0), share - behind)
    weights.scatter_add_(2, torch.where(used, offset + 1, 0), behind)
    return _Bins(first.int(), count.int(), weights)


def _most(numbers: Tensor) -> int:
    """The largest of some numbers, at least 1."""
    return max(int(numbers.amax()), 1) if numbers.numel() else 1
