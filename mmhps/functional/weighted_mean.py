"""The weighted average of canvases: of the RoIs of one instance, or of the instances of a class.

Shapes: N canvases, K averages, H x W canvas.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["weighted_mean"]


def weighted_mean(
    canvases: Tensor, weights: Tensor, cover: Tensor | None = None, min_weight: float = 0.0
) -> Tensor:
    """Merge layers into K layers by weighted average.

    Args:
        canvases: (N, H, W).
        weights: (N, K), >= 0: how much layer n counts in merged layer k.
        cover: (N, H, W) bool; where given, a pixel averages only over the layers that cover it.
            Without it, the layers that are empty there dilute the average.
        min_weight: Where the weights sum to less, an empty layer makes up the difference.

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
        # 0 / 1 where no layer counts: the gradient of 0 / 0 would not be finite.
        mean = (weights.T @ flat) / total.where(total > 0, torch.ones_like(total))
    return mean.view(weights.shape[1], *canvases.shape[1:])
