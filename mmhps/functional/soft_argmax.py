"""Equation (1) of the paper: a class choice through which gradients pass.

Shapes: N instances, T thing classes.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["soft_argmax", "soft_one_hot"]


def soft_one_hot(logits: Tensor, beta: float = 10.0, index: Tensor | None = None) -> Tensor:
    """The bracket of Eq. (1): ``round(exp(beta z_i) / sum_k exp(beta z_k))`` for every class i.

    The rounding has no useful gradient, so the backward pass takes the one of the softmax
    (straight-through estimator). On an exact tie every bracket would round to zero; the first of
    the tied classes is taken instead, so that each row holds exactly one 1.

    Args:
        logits: Class logits (or log-probabilities) ``z``, shape (..., T), T >= 1.
        beta: Sharpness of the softmax, > 0. The paper asks for "a large constant".
        index: Class per row, shape (...,), where it was chosen elsewhere (by non-maximum
            suppression, or by the ground truth); the most likely class if None.

    Returns:
        One-hot rows, shape (..., T), dtype float32.

    Raises:
        ValueError: If there is no class or ``beta`` is not positive.
    """
    if logits.shape[-1] == 0:
        raise ValueError(f"logits need at least one class, got shape {tuple(logits.shape)}")
    if beta <= 0:
        raise ValueError(f"beta must be positive, got {beta}")
    z = logits.float()
    # The maximum goes first: beta * z alone would overflow for huge logits.
    probability = (beta * (z - z.amax(dim=-1, keepdim=True).detach())).softmax(dim=-1)
    if index is None:
        index = z.argmax(dim=-1)
    hard = torch.zeros_like(probability).scatter_(-1, index.unsqueeze(-1), 1.0)
    return hard + (probability - probability.detach())


def soft_argmax(logits: Tensor, beta: float = 10.0) -> Tensor:
    """Eq. (1): the index of each row's largest logit, as a differentiable float.

    Args:
        logits: Class logits, shape (..., T).
        beta: Sharpness, see :func:`soft_one_hot`.

    Returns:
        Class indices, shape (...,), dtype float32.
    """
    classes = torch.arange(logits.shape[-1], device=logits.device, dtype=torch.float32)
    return (soft_one_hot(logits, beta) * classes).sum(dim=-1)
