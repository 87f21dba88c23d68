"""UPSNet's rule after the arg max: both branches vote on the class of a segment.

Shapes: N instances, T thing and S stuff classes, K pixels.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["majority_classes"]


def majority_classes(
    instance: Tensor, semantic: Tensor, labels: Tensor, num_things: int, num_classes: int
) -> Tensor:
    """Let an instance become stuff if the semantic branch sees that stuff in half of it or more.

    If most of its pixels have another thing class, or less than half of them the most frequent
    class, the instance keeps its own class.

    Args:
        instance: (K,) int64 in 0..N-1, the instance that each pixel belongs to.
        semantic: (K,) int64 in 0..T+S-1, the class that the semantic branch predicts there.
        labels: (N,) int64 thing classes.
        num_things: T.
        num_classes: T + S.

    Returns:
        (N,) int64: thing classes, and stuff classes (T or above) where an instance becomes stuff.
    """
    counts = torch.bincount(
        instance * num_classes + semantic, minlength=len(labels) * num_classes
    ).view(len(labels), num_classes)
    votes, majority = counts.max(dim=1)
    half = (votes > 0) & (2 * votes >= counts.sum(dim=1))
    return torch.where(half & (majority >= num_things), majority, labels)
