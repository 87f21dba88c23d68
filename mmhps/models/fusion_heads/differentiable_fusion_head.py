"""The differentiable fusion of section 3.1: canvases compete with the stuff classes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet.registry import MODELS
from torch import Tensor

from mmhps.functional import (
    Layer,
    Resampled,
    fused_argmax,
    panoptic_logits,
    stuff_log_probabilities,
)

from ..instances import Canvases
from .base import FusionHead


@MODELS.register_module()
class DifferentiableFusionHead(FusionHead):
    """One softmax over the stuff classes and the instances of an image.

    An instance's canvas holds ``mask_scale * mask logit + score_weight * log(score)`` inside its
    box and ``empty`` outside of it.

    Args:
        mask_scale: Factor from mask logits to the scale of the stuff values.
        scale_gradient: Whether ``mask_scale`` also scales the gradient of the mask logits. The
            panoptic loss then influences a mask about as much as the mask loss does.
        score_weight: Factor of the log score; 0 leaves the detector's confidence out.
        score_gradient: Whether the panoptic loss trains the scores. It can only raise them, unless
            ``false_detections`` compete.
        stuff_values: What canvases compete with: the ``'log_probabilities'`` of stuff in the
            semantic softmax over all T + S classes, or the semantic ``'logits'`` themselves. The
            former are low where the semantic branch predicts a thing.
        empty: Value of a canvas outside of its box, in training; use a finite one with
            ``'logits'`` only. At test time an instance never claims pixels outside of its box.
        kwargs: See :class:`FusionHead`.

    Raises:
        ValueError: ``stuff_values`` is neither of the two.
    """

    def __init__(
        self,
        *args,
        mask_scale: float = 4.0,
        scale_gradient: bool = False,
        score_weight: float = 1.0,
        score_gradient: bool = True,
        stuff_values: str = "log_probabilities",
        empty: float = -torch.inf,
        **kwargs,
    ) -> None:
        super().__init__(*args, **kwargs)
        if stuff_values not in ("logits", "log_probabilities"):
            raise ValueError(
                f"stuff_values must be 'logits' or 'log_probabilities', got {stuff_values!r}"
            )
        self.mask_scale = mask_scale
        self.scale_gradient = scale_gradient
        self.score_weight = score_weight
        self.score_gradient = score_gradient
        self.stuff_values = stuff_values
        self.empty = empty

    def forward(self, canvases: Canvases, semantic_logits: Tensor) -> Tensor:
        """See :meth:`FusionHead.forward`."""
        if self.stuff_values == "log_probabilities":
            stuff = stuff_log_probabilities(semantic_logits, self.num_things_classes)
        else:
            stuff = semantic_logits[self.num_things_classes :].float()
        filled = self._scaled(canvases.logits) + self._offsets(canvases.scores)[:, None, None]
        return panoptic_logits(stuff, torch.where(canvases.cover, filled, self.empty))

    def decide(
        self, layers: Sequence[Layer], labels: Tensor, scores: Tensor, logits: Resampled
    ) -> Tensor:
        """Decide as the base class does, without computing all logits at the output's size."""
        if self.stuff_values == "logits":
            return super().decide(layers, labels, scores, logits)
        return fused_argmax(
            logits,
            self.num_things_classes,
            layers,
            self.mask_scale,
            self._offsets(scores),
            self.void_things,
        )

    def _offsets(self, scores: Tensor) -> Tensor:
        if not self.score_gradient:
            scores = scores.detach()
        return self.score_weight * scores.float().clamp(min=1e-6).log()

    def _scaled(self, canvases: Tensor) -> Tensor:
        """Canvases times ``mask_scale``, with their own gradient unless ``scale_gradient``."""
        if self.scale_gradient or not canvases.requires_grad:
            return self.mask_scale * canvases
        # The value of the product, the gradient of a factor of 1.
        return canvases + (self.mask_scale - 1) * canvases.detach()
