"""The initial segmentation image (ISI) of section 3.2: instances as input of the semantic branch.

Shapes: N instances, T thing classes, h x w the resolution of the semantic features.
"""

from __future__ import annotations

from torch import Tensor

from .weighted_mean import weighted_mean

__all__ = ["initial_segmentation_image"]


def initial_segmentation_image(
    canvases: Tensor,
    class_weights: Tensor,
    cover: Tensor | None = None,
    min_weight: float = 0.0,
) -> Tensor:
    """Merge the canvases of each class by weighted average into one layer per thing class.

    Args:
        canvases: (N, h, w) mask logits or probabilities.
        class_weights: (N, T), >= 0: the weight of instance n in class t, i.e. its detection
            confidence in the column of its class.
        cover: (N, h, w) bool, the pixels inside each instance's box. With it, a pixel averages
            over the instances whose boxes hold it, otherwise over all instances of the class.
        min_weight: Where the weights sum to less, an empty layer makes up the difference: with 1, a
            single instance of confidence 0.4 appears at 0.4 of its canvas, not in full.

    Returns:
        (T, h, w) float32; an all-zero layer for a class without instances.
    """
    return weighted_mean(canvases, class_weights, cover, min_weight)
