"""IMP's canvas (Fu et al., 2019): the highest score times mask probability of each thing class.

Shapes: N instances, T thing classes, h x w.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["instance_maximum"]


def instance_maximum(probabilities: Tensor, class_weights: Tensor) -> Tensor:
    """The largest weighted mask probability of each class and pixel.

    Args:
        probabilities: (N, h, w) in 0..1, 0 outside of the boxes.
        class_weights: (N, T), >= 0: the score of instance n in the column of its class, else 0.

    Returns:
        (T, h, w); 0 where a class has no instance. The gradient goes to the largest value, or in
        equal parts to those that share it.
    """
    if not len(probabilities):
        # The sum is 0; it keeps the result attached to the (empty) mask logits.
        return probabilities.new_zeros(class_weights.shape[1], *probabilities.shape[1:]) + (
            probabilities.sum() + class_weights.sum()
        )
    # One class at a time: all at once would take T times the memory of the canvases.
    columns = class_weights.unbind(dim=1)
    return torch.stack([(column[:, None, None] * probabilities).amax(dim=0) for column in columns])
