"""Merge canvases that show the same object (paper, section 3.1).

Shapes: N instances, K groups, H x W canvas.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .layers import Layer

__all__ = ["merge_groups", "merge_layers"]


def merge_groups(
    layers: Sequence[Layer],
    labels: Tensor,
    iou_threshold: float,
    sources: Sequence[int] | None = None,
) -> Tensor:
    """Group the layers that show the same object: same class and a high IoU of their masks.

    Greedy, in the order given (by falling score): a layer joins the first earlier group whose
    leading layer has its class and overlaps it by more than the threshold.

    Args:
        layers: N canvases, as windows; a mask is where the logit is positive.
        labels: (N,) class indices.
        iou_threshold: Mask IoU above which two layers merge, in 0..1; 1 merges nothing.
        sources: N numbers, of which a group has no two equal ones: what was told apart there stays
            apart. None lets all merge.

    Returns:
        (N,) int64: the group of each layer, numbered 0, 1, ... in the order of the leaders.
    """
    masks = [(window, canvas > 0) for window, canvas in layers]
    areas = [int(mask.count_nonzero()) for _, mask in masks]
    candidates = _may_merge([window for window, _ in layers], areas, labels, iou_threshold)
    groups: list[int] = []
    leaders: list[int] = []
    members: list[set[int]] = []  # the sources of each group
    for n, mask in enumerate(masks):
        source = n if sources is None else sources[n]
        group = len(leaders)
        for k, leader in enumerate(leaders):
            if (
                candidates[n][leader]
                and source not in members[k]
                and _mask_iou(mask, masks[leader], areas[n] + areas[leader]) > iou_threshold
            ):
                group = k
                break
        if group == len(leaders):
            leaders.append(n)
            members.append(set())
        members[group].add(source)
        groups.append(group)
    return torch.tensor(groups, dtype=torch.long, device=labels.device)


def _may_merge(
    windows: Sequence[tuple[slice, slice]],
    areas: Sequence[int],
    labels: Tensor,
    iou_threshold: float,
) -> list[list[bool]]:
    """(N, N): which pairs could merge, judged by windows, areas and labels alone."""
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
