"""IMP's prior (Fu et al., 2019): the highest score times mask probability of each thing class.

Shapes: N instances, T thing classes, h x w the resolution of the semantic features.
"""

from __future__ import annotations

import torch
from mmdet.registry import MODELS
from torch import Tensor

from ..instances import Canvases, Instances
from .base import ClassPrior

__all__ = ["InstanceMaximum", "instance_maximum"]


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


@MODELS.register_module()
class InstanceMaximum(ClassPrior):
    """IMP's canvas, pasted bilinearly; gradients reach masks and scores unless ``detach`` is set.

    Args:
        detach: Keep the semantic losses from training the instance branch through the prior.
    """

    def image(self, instances: Instances, canvases: Canvases) -> Tensor:
        """(T, h, w) of one image."""
        probabilities = canvases.logits.float().sigmoid() * canvases.cover
        # Ground truth that the detector missed is left out, as it is missing at test time, too.
        scores = instances.scores * instances.detected
        return instance_maximum(probabilities, scores[:, None] * instances.class_weights)
