"""IMP's prior (Fu et al., 2019): the highest score times mask probability of each thing class.

Shapes: N instances, T thing classes, h x w the resolution of the semantic features.
"""

from __future__ import annotations

from mmdet.registry import MODELS
from torch import Tensor

from mmhps.functional import instance_maximum

from ..instances import Canvases, Instances
from .base import ClassPrior


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
