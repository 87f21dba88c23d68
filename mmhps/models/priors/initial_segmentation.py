"""The ISI module of section 3.2: instances become one more feature map of the semantic branch."""

from __future__ import annotations

from mmdet.registry import MODELS
from torch import Tensor

from mmhps.functional import initial_segmentation_image

from ..instances import Canvases, Instances
from .base import ClassPrior


@MODELS.register_module()
class InitialSegmentation(ClassPrior):
    """The initial segmentation image: the canvases of a class merged by weighted average.

    It has no weights; its arguments are the choices that the paper leaves open. Gradients pass
    through the canvases, and with them through the class choice of Eq. (1), but not through the
    weights of the average.

    Args:
        values: What is averaged: ``'logits'`` of the masks, or ``'probabilities'``.
        per_pixel: Average each pixel over the instances whose boxes hold it; otherwise over all
            instances of the class, empty canvases included.
        min_weight: See :func:`mmhps.functional.initial_segmentation_image`; 1 shows the semantic
            branch how sure the detector is, 0 is the plain weighted average.
        detach: Keep the semantic losses from training the instance branch through ISI.

    Raises:
        ValueError: ``values`` is neither of the two.
    """

    def __init__(
        self,
        values: str = "probabilities",
        per_pixel: bool = True,
        min_weight: float = 1.0,
        detach: bool = False,
    ) -> None:
        super().__init__(detach)
        if values not in ("logits", "probabilities"):
            raise ValueError(f"values must be 'logits' or 'probabilities', got {values!r}")
        self.values = values
        self.per_pixel = per_pixel
        self.min_weight = min_weight

    def image(self, instances: Instances, canvases: Canvases) -> Tensor:
        """ISI (T, h, w) of one image."""
        values = canvases.logits
        if self.values == "probabilities":
            values = values.sigmoid() * canvases.cover
        # Detached: the average is not smooth where a class gets its first instance.
        # Ground truth that the detector missed is left out, as it is missing at test time, too.
        scores = instances.scores * instances.detected
        weights = (scores[:, None] * instances.class_weights).detach()
        return initial_segmentation_image(
            values, weights, canvases.cover if self.per_pixel else None, self.min_weight
        )
