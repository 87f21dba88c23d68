"""Canvases (paper, section 3.1): mask logits placed into layers of the size of the image.

Shapes: N instances, M x M mask logits (28 x 28), H x W canvas, K groups.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

__all__ = [
    "Layer",
    "box_cover",
    "merge_groups",
    "merge_layers",
    "paste_canvases",
    "paste_windows",
    "weighted_mean",
]

Layer = tuple[tuple[slice, slice], Tensor]
"""A canvas without its empty part: the window (rows, columns) and the logits there."""

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
        rows = _axis_weights(_centres(size[0], boxes), y1, y2, mask_logits.shape[1])
        columns = _axis_weights(_centres(size[1], boxes), x1, x2, mask_logits.shape[2])
        pasted = rows @ mask_logits.float() @ columns.transpose(1, 2)
    return pasted.where(box_cover(boxes, size), pasted.new_tensor(empty)).to(mask_logits.dtype)


def paste_windows(mask_logits: Tensor, boxes: Tensor, size: tuple[int, int]) -> list[Layer]:
    """The canvases without their empty parts, for work that grows with the boxes only.

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


def merge_groups(layers: Sequence[Layer], labels: Tensor, iou_threshold: float) -> Tensor:
    """Group the layers that show one object: same class and a high IoU of their masks.

    Greedy, in the order given (by falling score): a layer joins the first earlier group whose
    leading layer has its class and overlaps it by more than the threshold.

    Args:
        layers: N canvases, as windows; a mask is where the logit is positive.
        labels: (N,) class indices.
        iou_threshold: Mask IoU above which two layers merge, in 0..1; 1 merges nothing.

    Returns:
        (N,) int64: the group of each layer, numbered 0, 1, ... in the order of the leaders.
    """
    masks = [(window, canvas > 0) for window, canvas in layers]
    areas = [int(mask.count_nonzero()) for _, mask in masks]
    candidates = _may_merge([window for window, _ in layers], areas, labels, iou_threshold)
    groups: list[int] = []
    leaders: list[int] = []
    for n, mask in enumerate(masks):
        group = len(leaders)
        for k, leader in enumerate(leaders):
            if candidates[n][leader] and (
                _mask_iou(mask, masks[leader], areas[n] + areas[leader]) > iou_threshold
            ):
                group = k
                break
        if group == len(leaders):
            leaders.append(n)
        groups.append(group)
    return torch.tensor(groups, dtype=torch.long, device=labels.device)


def _may_merge(
    windows: Sequence[tuple[slice, slice]],
    areas: Sequence[int],
    labels: Tensor,
    iou_threshold: float,
) -> list[list[bool]]:
    """(N, N): which pairs could merge, by all that is known without a look at their pixels."""
    edges = torch.tensor([(r.start, c.start, r.stop, c.stop) for r, c in windows]).view(-1, 4)
    starts = torch.maximum(edges[:, None, :2], edges[:, :2])
    stops = torch.minimum(edges[:, None, 2:], edges[:, 2:])
    area = torch.tensor(areas)
    common = (stops - starts).clamp(min=0).prod(dim=2).minimum(area).minimum(area[:, None])
    labels = labels.cpu()
    possible = common > iou_threshold * torch.maximum(area, area[:, None])
    return (possible & (labels == labels[:, None])).tolist()


def _overlap(a: tuple[slice, slice], b: tuple[slice, slice]) -> tuple[slice, slice]:
    """The common part of two windows, maybe empty."""
    starts = [max(x.start, y.start) for x, y in zip(a, b, strict=True)]
    stops = [min(x.stop, y.stop) for x, y in zip(a, b, strict=True)]
    rows, columns = (
        slice(start, max(start, stop)) for start, stop in zip(starts, stops, strict=True)
    )
    return rows, columns


def _mask_iou(a: Layer, b: Layer, area: int) -> float:
    """IoU of two masks whose areas sum to ``area``."""
    rows, columns = _overlap(a[0], b[0])
    first, second = (
        mask[
            rows.start - window[0].start : rows.stop - window[0].start,
            columns.start - window[1].start : columns.stop - window[1].start,
        ]
        for window, mask in (a, b)
    )
    intersection = int((first & second).count_nonzero())
    return intersection / max(area - intersection, 1)


def merge_layers(
    layers: Sequence[Layer], groups: Tensor, weights: Tensor
) -> tuple[list[Layer], Tensor]:
    """Merge the layers of each group by weighted average; a pixel averages over what covers it.

    Args:
        layers: N windows whose logits are -inf outside of their boxes.
        groups: (N,) group of each layer, from :func:`merge_groups`.
        weights: (N,) > 0, e.g. detection scores.

    Returns:
        K merged layers in the order of the groups, and the (K,) indices of their leading layers.
    """
    merged: list[Layer] = []
    leaders: list[int] = []
    for group in groups.unique().tolist():
        members = (groups == group).nonzero().flatten().tolist()
        leaders.append(members[0])
        merged.append(_mean_layer([layers[n] for n in members], weights[members].tolist()))
    return merged, torch.tensor(leaders, dtype=torch.long, device=groups.device)


def _mean_layer(layers: Sequence[Layer], weights: Sequence[float]) -> Layer:
    if len(layers) == 1:
        return layers[0]
    windows = [window for window, _ in layers]
    top, left = (min(window[axis].start for window in windows) for axis in (0, 1))
    bottom, right = (max(window[axis].stop for window in windows) for axis in (0, 1))
    total = layers[0][1].new_zeros(bottom - top, right - left)
    weight = torch.zeros_like(total)
    for ((rows, columns), canvas), w in zip(layers, weights, strict=True):
        part = (
            slice(rows.start - top, rows.stop - top),
            slice(columns.start - left, columns.stop - left),
        )
        inside = canvas > -torch.inf
        total[part] += torch.where(inside, w * canvas, 0)
        weight[part] += w * inside
    mean = torch.where(weight > 0, total / weight, -torch.inf)
    return (slice(top, bottom), slice(left, right)), mean


def weighted_mean(
    canvases: Tensor, weights: Tensor, cover: Tensor | None = None, min_weight: float = 0.0
) -> Tensor:
    """Merge layers into K layers by weighted average.

    Args:
        canvases: (N, H, W).
        weights: (N, K), >= 0: how much layer n counts in merged layer k.
        cover: (N, H, W) bool; where given, a pixel averages only over the layers that cover it.
            Without it, the layers that are empty there dilute the average.
        min_weight: Where the weights sum to less, the rest of it counts for an empty layer.

    Returns:
        (K, H, W) float32; zero where no layer counts.
    """
    flat = canvases.float().flatten(1)
    weights = weights.float()
    with torch.autocast(canvases.device.type, enabled=False):
        if cover is None:
            total = weights.sum(dim=0)[:, None]
        else:
            inside = cover.flatten(1).to(flat.dtype)
            flat = flat * inside
            total = weights.T @ inside
        total = total.clamp(min=min_weight)
        # Where nothing counts, 0 / 1: the gradient of 0 / 0 would be infinite.
        mean = (weights.T @ flat) / total.where(total > 0, torch.ones_like(total))
    return mean.view(weights.shape[1], *canvases.shape[1:])


def _centres(length: int, like: Tensor) -> Tensor:
    return torch.arange(length, device=like.device) + 0.5


def _axis_inside(low: Tensor, high: Tensor, length: int) -> Tensor:
    """(N,), (N,) -> (N, length): is the centre of the pixel between low and high?"""
    centre = _centres(length, low)
    return (centre >= low[:, None]) & (centre < high[:, None])


def _axis_windows(
    low: Tensor, high: Tensor, length: int, cells: int
) -> Iterator[tuple[slice, Tensor]]:
    """Per box, the pixels with their centre in it, and their weights (pixels, cells).

    All boxes in a few operations: their pixels stand in one row, one box after the other.
    """
    start, stop = ((e.double() - 0.5).ceil().clamp(0, length).long() for e in (low, high))
    count = (stop - start).clamp(min=0)
    box = torch.arange(len(low), device=low.device).repeat_interleave(count)
    pixel = torch.arange(len(box), device=low.device) + (start - count.cumsum(0) + count)[box]
    weights = _axis_weights(pixel + 0.5, low[box], high[box], cells)
    counts = count.tolist()
    for first, number, part in zip(start.tolist(), counts, weights.split(counts), strict=True):
        yield slice(first, first + number), part


def _axis_weights(centre: Tensor, low: Tensor, high: Tensor, cells: int) -> Tensor:
    """(..., cells) bilinear weights of pixels in an extent along one axis, summing to 1."""
    position = (centre - low) / (high - low).clamp(min=_THINNEST) * cells - 0.5
    position = position.clamp(0, cells - 1)
    cell = torch.arange(cells, device=low.device)
    return (1 - (position[..., None] - cell).abs()).clamp(min=0)
