"""The differentiable fusion of section 3.1: one softmax over stuff classes and instances.

Shapes: N instances, S stuff classes, H x W pixels, M x M mask logits.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = [
    "panoptic_argmax",
    "panoptic_logits",
    "panoptic_loss",
    "segment_weights",
    "stuff_log_probabilities",
]


def panoptic_logits(stuff_logits: Tensor, canvases: Tensor) -> Tensor:
    """Concatenate stuff logits and canvases; their softmax gives the panoptic probabilities.

    Args:
        stuff_logits: (S, H, W).
        canvases: (N, H, W), N may be 0.

    Returns:
        (S + N, H, W) float32.
    """
    return torch.cat([stuff_logits.float(), canvases.float()])


def stuff_log_probabilities(logits: Tensor, num_things: int) -> Tensor:
    """Compute the log-probabilities of stuff in the semantic softmax over all classes.

    Args:
        logits: (T + S, ...) semantic logits, things first.
        num_things: T.

    Returns:
        (S, ...) float32.
    """
    logits = logits.float()
    return logits[num_things:] - logits.logsumexp(0)


def segment_weights(target: Tensor, power: float, ignore_index: int = -100) -> Tensor:
    """Weigh each pixel by ``area ** -power`` of its segment; the weights sum to 1.

    Args:
        target: (H, W) int64 segment index per pixel.
        power: 0 counts every pixel alike (plain cross-entropy), 1 counts every segment alike.
        ignore_index: Pixels of this value weigh nothing.

    Returns:
        (H, W) float32; all zero when every pixel is ignored.
    """
    valid = target != ignore_index
    index = torch.where(valid, target, target.new_zeros(()))
    area = torch.bincount(index.flatten(), weights=valid.flatten().float())
    weight = valid * area.clamp(min=1).pow(-power)[index]
    return weight / weight.sum().clamp(min=torch.finfo(weight.dtype).tiny)


def panoptic_loss(
    logits: Tensor, target: Tensor, power: float = 0.0, ignore_index: int = -100
) -> Tensor:
    """Compute the cross-entropy of the panoptic softmax.

    Args:
        logits: (S + N, H, W) from :func:`panoptic_logits`.
        target: (H, W) int64 from :func:`mmhps.functional.panoptic_target`.
        power: See :func:`segment_weights`.
        ignore_index: Pixels of this value do not count.

    Returns:
        Scalar float32; exactly 0, with zero gradients, when no pixel counts.
    """
    cross_entropy = torch.nn.functional.cross_entropy(
        logits[None].float(), target[None], reduction="none", ignore_index=ignore_index
    )[0]
    return (cross_entropy * segment_weights(target, power, ignore_index)).sum()


def panoptic_argmax(logits: Tensor, num_stuff: int, unclaimed: Tensor | None = None) -> Tensor:
    """Find the channel that wins each pixel; the first of several maxima.

    Args:
        logits: (S + N, H, W) from :func:`panoptic_logits`.
        num_stuff: S.
        unclaimed: (H, W) bool, pixels that become void (S + N) where stuff wins them.

    Returns:
        (H, W) int64: 0..S-1 for stuff, S + n for instance n, S + N for void.
    """
    winner = logits.argmax(dim=0)
    if unclaimed is None:
        return winner
    return winner.masked_fill(unclaimed & (winner < num_stuff), len(logits))
