"""OANet (Liu et al., 2019): a score map that ranks instances, from their masks alone.

Shapes: N instances, T thing classes, h x w.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["class_map", "mean_ranks", "ranking_loss"]


def class_map(masks: Tensor, labels: Tensor, num_things: int) -> Tensor:
    """Draw the masks of each class into one channel: 1 where there is any, else 0.

    Args:
        masks: (N, h, w) bool.
        labels: (N,) int64 thing classes.
        num_things: T.

    Returns:
        (T, h, w) float32.
    """
    drawn = torch.zeros((num_things, *masks.shape[1:]), device=masks.device)
    return drawn.index_add_(0, labels, masks.float()).clamp_(max=1)


def mean_ranks(score_map: Tensor, masks: Tensor, labels: Tensor) -> Tensor:
    """Rank each instance by the mean of its class's channel over its mask.

    Args:
        score_map: (T, h, w).
        masks: (N, h, w) bool.
        labels: (N,) int64 thing classes.

    Returns:
        (N,) float32; 0 for an empty mask.
    """
    total = (score_map.float()[labels] * masks).sum(dim=(1, 2))
    return total / masks.sum(dim=(1, 2)).clamp(min=1)


def ranking_loss(ranking_logits: Tensor, gt_labels: Tensor) -> Tensor:
    """Compute the cross-entropy over the thing classes where the ground truth shows a thing.

    Args:
        ranking_logits: (T, h, w).
        gt_labels: (h, w) int64, the class of the visible segment; T or above does not count.

    Returns:
        Scalar float32; exactly 0, with zero gradients, when no pixel counts.
    """
    target = gt_labels.where(gt_labels < len(ranking_logits), -1)
    cross_entropy = torch.nn.functional.cross_entropy(
        ranking_logits[None].float(), target[None], reduction="sum", ignore_index=-1
    )
    return cross_entropy / (target >= 0).sum().clamp(min=1)
