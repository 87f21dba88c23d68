"""Canvases (paper, section 3.1): mask logits placed into layers of the size of the image.

Shapes: N instances, M x M mask logits (28 x 28), H x W canvas, K groups.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = [
    "Layer",
    "box_cover",
    "merge_groups",
    "merge_layers",
    "paste_canvases",
    "paste_window",
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
        rows = _axis_weights(boxes[:, 1], boxes[:, 3], size[0], mask_logits.shape[1])
        columns = _axis_weights(boxes[:, 0], boxes[:, 2], size[1], mask_logits.shape[2])
        pasted = rows @ mask_logits.float() @ columns.transpose(1, 2)
    return pasted.where(box_cover(boxes, size), pasted.new_tensor(empty)).to(mask_logits.dtype)


def paste_window(
    mask_logits: Tensor, box: Tensor, size: tuple[int, int], empty: float = -torch.inf
) -> Layer:
    """The part of one canvas that its box touches, for work that grows with boxes only.

    Args:
        mask_logits: (M, M).
        box: (4,) as x1, y1, x2, y2 in pixels of the canvas.
        size: Canvas size (H, W).
        empty: What the canvas holds outside of its box.

    Returns:
        ``window``, the rows and columns that the box touches (maybe none), and the canvas there:
        ``paste_canvases(mask_logits[None], box[None], size, empty)[0][window]``.
    """
    x1, y1, x2, y2 = box.tolist()
    top, left = min(max(int(y1), 0), size[0]), min(max(int(x1), 0), size[1])
    bottom, right = min(max(int(y2) + 1, top), size[0]), min(max(int(x2) + 1, left), size[1])
    local = box.float() - box.new_tensor([left, top, left, top], dtype=torch.float32)
    canvas = paste_canvases(mask_logits[None], local[None], (bottom - top, right - left), empty)
    return (slice(top, bottom), slice(left, right)), canvas[0]


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
    areas = torch.stack([mask.sum() for _, mask in masks]).tolist() if masks else []
    classes = labels.tolist()
    groups: list[int] = []
    leaders: list[int] = []
    for n, mask in enumerate(masks):
        group = len(leaders)
        for k, leader in enumerate(leaders):
            # Most pairs are told apart without a look at the pixels.
            low, high = sorted((areas[n], areas[leader]))
            possible = min(low, _common_area(mask[0], masks[leader][0]))
            if (
                classes[n] == classes[leader]
                and possible > iou_threshold * high
                and _mask_iou(mask, masks[leader], areas[n] + areas[leader]) > iou_threshold
            ):
                group = k
                break
        if group == len(leaders):
            leaders.append(n)
        groups.append(group)
    return torch.tensor(groups, dtype=torch.long, device=labels.device)


def _overlap(a: tuple[slice, slice], b: tuple[slice, slice]) -> tuple[slice, slice]:
    """The common part of two windows, maybe empty."""
    starts = [max(x.start, y.start) for x, y in zip(a, b, strict=True)]
    stops = [min(x.stop, y.stop) for x, y in zip(a, b, strict=True)]
    rows, columns = (
        slice(start, max(start, stop)) for start, stop in zip(starts, stops, strict=True)
    )
    return rows, columns


def _common_area(a: tuple[slice, slice], b: tuple[slice, slice]) -> int:
    rows, columns = _overlap(a, b)
    return (rows.stop - rows.start) * (columns.stop - columns.start)


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
    intersection = int((first & second).sum())
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


def _axis_inside(low: Tensor, high: Tensor, length: int) -> Tensor:
    """(N,), (N,) -> (N, length): is the centre of the pixel between low and high?"""
    centre = torch.arange(length, device=low.device) + 0.5
    return (centre >= low[:, None]) & (centre < high[:, None])


def _axis_weights(low: Tensor, high: Tensor, length: int, cells: int) -> Tensor:
    """(N,), (N,) -> (N, length, cells): bilinear weights along one axis, rows summing to 1."""
    centre = torch.arange(length, device=low.device) + 0.5
    extent = (high - low).clamp(min=_THINNEST)
    position = (centre - low[:, None]) / extent[:, None] * cells - 0.5
    position = position.clamp(0, cells - 1)
    cell = torch.arange(cells, device=low.device)
    return (1 - (position[..., None] - cell).abs()).clamp(min=0)
