"""SOGNet (Yang et al., 2020): which of two overlapping instances lies on the other.

Shapes: N instances, h x w.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = [
    "overlap_order",
    "overlapping_pairs",
    "pair_geometry",
    "relation_loss",
    "resolve_overlaps",
]

_THINNEST = 1e-6


def pair_geometry(boxes: Tensor) -> Tensor:
    """Describe each box relative to each other one.

    Args:
        boxes: (N, 4) as x1, y1, x2, y2, in any unit.

    Returns:
        (N, N, 4) float32. Entry i, j: the way from the centre of i to that of j in widths and
        heights of i, and the logarithms of the ratios of width and height, j to i.
    """
    boxes = boxes.float()
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    size = (boxes[:, 2:] - boxes[:, :2]).clamp(min=_THINNEST)
    way = (centre[None, :] - centre[:, None]) / size[:, None]
    ratio = (size[None, :] / size[:, None]).log()
    return torch.cat([way, ratio], dim=2)


def overlapping_pairs(boxes: Tensor, min_share: float = 0.1) -> Tensor:
    """Find the pairs whose common area is at least a share of the smaller box.

    Args:
        boxes: (N, 4) as x1, y1, x2, y2.
        min_share: In 0..1, above 0.

    Returns:
        (N, N) bool, symmetric; False on the diagonal.
    """
    boxes = boxes.float()
    area = (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(dim=1)
    start = torch.maximum(boxes[:, None, :2], boxes[None, :, :2])
    stop = torch.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    common = (stop - start).clamp(min=0).prod(dim=2)
    smaller = torch.minimum(area[:, None], area[None, :])
    pairs = (common > 0) & (common >= min_share * smaller)
    return pairs & ~torch.eye(len(boxes), dtype=torch.bool, device=boxes.device)


def overlap_order(relation_logits: Tensor, pairs: Tensor) -> Tensor:
    """``O = relu(R - R^T)`` with ``R = sigmoid(relation logits)``: ``O[i, j] > 0`` if j is on i.

    Args:
        relation_logits: (N, N).
        pairs: (N, N) bool from :func:`overlapping_pairs`. The order holds among the instances that
            overlap any other one.

    Returns:
        (N, N) float32 in 0..1; of each pair, one direction is 0.
    """
    relation = relation_logits.float().sigmoid()
    concerned = pairs.any(dim=1)
    return (relation - relation.T).relu() * (concerned[:, None] & concerned[None, :])


def resolve_overlaps(canvases: Tensor, order: Tensor) -> Tensor:
    """Weaken each mask where others lie on it: ``A - A * sigmoid(A) * (O sigmoid(A))``.

    SOGNet states it as ``A_i - sum_j O[i, j] A_i sigmoid(A_i) sigmoid(A_j)``, a tensor of
    N x N x h x w; here it is one product of O (N x N) and the masks (N x hw).

    Args:
        canvases: A, (N, h, w) mask logits, 0 outside of the boxes.
        order: O, (N, N).

    Returns:
        (N, h, w) float32.
    """
    flat = canvases.float().flatten(1)
    with torch.autocast(canvases.device.type, enabled=False):
        probability = flat.sigmoid()
        resolved = flat - flat * probability * (order.float() @ probability)
    return resolved.view(canvases.shape)


def relation_loss(order: Tensor, pairs: Tensor) -> Tensor:
    """Compute the mean squared difference of ``O + O^T`` and the pairs that do overlap.

    It says that one of two lies on the other, not which one.

    Args:
        order: (N, N) from :func:`overlap_order`.
        pairs: (N, N) bool from :func:`overlapping_pairs`.

    Returns:
        Scalar float32, the mean over the pairs of instances that overlap any other one; exactly 0,
        with zero gradients, when there are none.
    """
    count = pairs.any(dim=1).sum() ** 2
    return (order + order.T - pairs.float()).square().sum() / count.clamp(min=1)
