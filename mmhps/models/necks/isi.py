"""The ISI module of section 3.2: instances become one more feature map of the semantic branch."""

from __future__ import annotations

import torch
from mmdet.registry import MODELS
from mmdet.utils import InstanceList
from mmengine.model import BaseModule
from torch import Tensor

from mmhps.functional import initial_segmentation_image


@MODELS.register_module()
class InitialSegmentation(BaseModule):
    """Append the initial segmentation image to the FPN features.

    It has no weights. What the paper leaves open is an argument. Gradients pass through the
    canvases, and with them through the class choice of Eq. (1), not through the weights.

    Args:
        values: What is averaged: ``'logits'`` of the masks, or ``'probabilities'``.
        per_pixel: Average each pixel over the instances whose boxes hold it; otherwise over all
            instances of the class, empty canvases included.
        min_weight: See :func:`mmhps.functional.initial_segmentation_image`; 1 shows the semantic
            branch how sure the detector is, 0 is the plain weighted average.
        detach: Keep the semantic losses from training the instance branch through ISI.
    """

    def __init__(
        self,
        values: str = "probabilities",
        per_pixel: bool = True,
        min_weight: float = 1.0,
        detach: bool = False,
    ) -> None:
        super().__init__()
        if values not in ("logits", "probabilities"):
            raise ValueError(f"values must be 'logits' or 'probabilities', got {values!r}")
        self.values = values
        self.per_pixel = per_pixel
        self.min_weight = min_weight
        self.detach = detach

    def forward(self, x: tuple[Tensor, ...], instances: InstanceList) -> tuple[Tensor, ...]:
        """Compute ISI.

        Args:
            x: FPN features, P2 of shape (B, C, h, w) first.
            instances: Per image with ``canvases`` (N, h, w), ``cover`` (N, h, w), ``scores`` (N,),
                ``detected`` (N,) and ``class_weights`` (N, T).

        Returns:
            The features, followed by ISI (B, T, h, w).
        """
        isi = torch.stack([self._image(image) for image in instances])
        return (*x, isi.detach() if self.detach else isi)

    def _image(self, instances) -> Tensor:
        canvases = instances.canvases
        if self.values == "probabilities":
            canvases = canvases.sigmoid() * instances.cover
        # Constants: an average is not smooth where a class gets its first instance.
        # Ground truth that the detector missed is left out: at test it would not be there either.
        scores = instances.scores * instances.detected
        weights = (scores[:, None] * instances.class_weights).detach()
        return initial_segmentation_image(
            canvases, weights, instances.cover if self.per_pixel else None, self.min_weight
        )
