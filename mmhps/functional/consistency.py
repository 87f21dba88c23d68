"""TASCNet (Li et al., 2018): both branches should be equally sure of where things are.

Shapes: N instances, T thing and S stuff classes, h x w.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .weighted_mean import weighted_mean

__all__ = ["consistency_loss", "instance_confidence", "thing_confidence"]


def instance_confidence(probabilities: Tensor, threshold: float = 0.5) -> Tensor:
    """Flatten the masks of all instances into one map: their mean where several overlap.

    Args:
        probabilities: (N, h, w) in 0..1, 0 outside of the boxes.
        threshold: A mask ends where it is not above this.

    Returns:
        (h, w) float32; 0 where there is no mask. The gradient passes to what is above it.
    """
    weights = probabilities.new_ones(len(probabilities), 1)
    return weighted_mean(probabilities, weights, probabilities > threshold)[0]


def thing_confidence(semantic_logits: Tensor, num_things: int, threshold: float = 0.5) -> Tensor:
    """Compute the probability that a pixel shows any thing, in the semantic softmax.

    Args:
        semantic_logits: (T + S, h, w), things first.
        num_things: T.
        threshold: Probabilities that are not above this become 0.

    Returns:
        (h, w) float32. The gradient passes to what is above it.
    """
    probability = semantic_logits.float().softmax(dim=0)[:num_things].sum(dim=0)
    return probability * (probability > threshold)


def consistency_loss(instance_map: Tensor, semantic_map: Tensor) -> Tensor:
    """The mean squared difference of two confidence maps (h, w): a scalar, float32."""
    return torch.nn.functional.mse_loss(instance_map.float(), semantic_map.float())
