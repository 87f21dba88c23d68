"""What the instances claim: the pixels inside their boxes, one instance after the other.

A list of claims takes the place of the windows of :mod:`mmhps.functional.layers`, because a graph
has tensors only. Shapes: N instances, M x M mask logits, K claims, H x W output.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .operators import bincount, group_leaders, pair_overlaps, parted, pasted, visible
from .preprocessing import Size

__all__ = ["Claims", "merged", "paste", "seen"]

_THINNEST = 1e-6


class Claims(NamedTuple):
    """The pixels of N boxes, one after the other."""

    pixel: Tensor
    """(K,) int64 positions in the flat (H, W) map."""
    owner: Tensor
    """(K,) int64, the instance."""
    value: Tensor
    """(K,) mask logits; a mask is where they are positive."""
    start: Tensor
    """(N,) int64, where those of each instance begin."""
    stop: Tensor
    """(N,) int64, and where they end."""


def paste(masks: Tensor, boxes: Tensor, size: Size, faded: bool = False) -> Claims:
    """Resize masks to their boxes: :func:`mmhps.functional.paste_windows` as claims.

    Args:
        masks: (N, M, M) logits or probabilities.
        boxes: (N, 4) as x1, y1, x2, y2 in pixels of the output.
        size: (H, W).
        faded: Let the outermost values fade to 0 at the edge of the box, as MMDetection pastes
            probabilities; otherwise they are continued.
    """
    if faded:
        masks = F.pad(masks, (1, 1, 1, 1))
    cells = masks.shape[-1]
    y = _places(boxes[:, 1], boxes[:, 3], size[0], cells, faded)
    x = _places(boxes[:, 0], boxes[:, 2], size[1], cells, faded)
    windows = windows_of(boxes, size)
    value, pixel, owner = pasted(masks, y, x, windows, size[1])
    sides = (windows[:, 2:] - windows[:, :2]).clamp(min=0)
    length = sides[:, 0] * sides[:, 1]
    stop = length.cumsum(0)
    return Claims(pixel, owner, value, stop - length, stop)


def _places(low: Tensor, high: Tensor, length: Tensor, cells: int, faded: bool) -> Tensor:
    """(N, length) where pixels lie in masks; ``cells`` counts the two empty ones of faded masks."""
    margin = int(faded)
    sides = (high - low).clamp(min=_THINNEST)[:, None]
    place = (torch.arange(length) + 0.5 - low[:, None]) / sides * (cells - 2 * margin)
    return (place - 0.5 + margin).clamp(0, cells - 1)


def windows_of(boxes: Tensor, size: Size) -> Tensor:
    """(N, 4) int64: the first row and column with their centre in each box, and after the last."""
    limit = torch.stack([size[1], size[0]])
    edges = (boxes.view(-1, 2, 2).double() - 0.5).ceil().clamp(min=0).long()
    return torch.minimum(edges, limit).flip(2).flatten(1)


def merged(
    claims: Claims, windows: Tensor, labels: Tensor, scores: Tensor, iou: float, pixels: Tensor
) -> Claims:
    """Average the claims of duplicates: the leader of a group has all of them, the others none.

    The rules are those of :func:`mmhps.functional.merge_groups` and
    :func:`mmhps.functional.merge_layers`.

    Args:
        claims: Of N instances, by falling score.
        windows: (N, 4) int64, the first row and column of each, and those after the last.
        labels: (N,).
        scores: (N,), the weights of the average.
        iou: Mask IoU above which two instances of one class merge.
        pixels: (1,) int64, H * W.
    """
    leader = group_leaders(_may_merge(claims, windows, labels, iou))
    instances = torch.as_tensor(leader.shape[0]).reshape(1)
    number = bincount(leader, instances)
    alone = (number == 1)[leader]
    *kept, pixel, owner, value = parted(*claims[:3], alone)
    # Claims of one group and pixel become one; their keys are sorted by group.
    key, slot = torch.unique(leader[owner] * pixels + pixel, return_inverse=True)
    weight = scores[owner]
    empty = torch.zeros_like(key, dtype=value.dtype)
    total = empty.scatter_add(0, slot, weight * value)
    mean = total / empty.scatter_add(0, slot, weight)
    group = torch.div(key, pixels, rounding_mode="trunc")
    length = torch.where(alone, claims.stop - claims.start, 0)
    joint = bincount(group, instances)
    # First all single ones, then all groups.
    start = torch.where(alone, _starts(length), length.sum() + _starts(joint))
    return Claims(
        torch.cat([kept[0], key - group * pixels]),
        torch.cat([kept[1], group]),
        torch.cat([kept[2], mean]),
        start,
        start + torch.where(alone, length, joint),
    )


def _starts(lengths: Tensor) -> Tensor:
    return lengths.cumsum(0) - lengths


def _may_merge(claims: Claims, windows: Tensor, labels: Tensor, iou: float) -> Tensor:
    """(N, N) bool, whether n and an earlier k show the same object."""
    inside = claims.value > 0
    area = torch.zeros_like(labels).scatter_add(0, claims.owner, inside.long())
    starts = torch.maximum(windows[:, None, :2], windows[:, :2])
    stops = torch.minimum(windows[:, None, 2:], windows[:, 2:])
    sides = (stops - starts).clamp(min=0)
    common = torch.minimum(sides[..., 0] * sides[..., 1], torch.minimum(area, area[:, None]))
    index = torch.arange(labels.shape[0])
    possible = common > iou * torch.maximum(area, area[:, None]).double()
    possible = possible & (labels == labels[:, None]) & (index < index[:, None])
    pairs = possible.nonzero()
    start = torch.cat([claims.start, claims.stop[-1:]])
    overlap = pair_overlaps(inside, start, windows, pairs)
    n, k = pairs.unbind(dim=1)
    union = (area[n] + area[k] - overlap).clamp(min=1)
    same = overlap.double() / union.double() > iou
    return torch.zeros_like(possible).index_put((n, k), same)


def seen(claims: Claims, max_overlap: float, pixels: Tensor) -> Tensor:
    """(N,) bool, which instances are not hidden: see :func:`mmhps.functional.not_hidden`."""
    return visible(claims.pixel, claims.value > 0, claims.start, claims.stop, pixels, max_overlap)
