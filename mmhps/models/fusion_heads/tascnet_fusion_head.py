"""TASCNet's consistency loss (Li et al., 2018) beside a heuristic merge."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from torch import Tensor

from mmhps.functional import consistency_loss, instance_confidence, thing_confidence

from ..instances import Canvases, Instances
from .heuristic_merge_head import HeuristicMergeHead


@MODELS.register_module()
class TASCNetFusionHead(HeuristicMergeHead):
    """A heuristic merge of branches that were trained to agree on where things are.

    Args:
        args: See :class:`HeuristicMergeHead`.
        consistency_weight: Weight of the consistency loss. It trains both branches.
        threshold: Smallest confidence of a thing, in either branch.
        kwargs: See :class:`HeuristicMergeHead`.
    """

    uses_unmatched = True

    def __init__(
        self, *args, consistency_weight: float = 1.0, threshold: float = 0.5, **kwargs
    ) -> None:
        super().__init__(*args, **kwargs)
        self.consistency_weight = consistency_weight
        self.threshold = threshold

    def loss(
        self,
        instances: Sequence[Instances],
        canvases: Sequence[Canvases],
        semantic_logits: Tensor,
        batch_data_samples: SampleList,
    ) -> dict[str, Tensor]:
        """Compute ``{'loss_consistency': ...}``, the mean over the images; see the base class."""
        losses = [
            consistency_loss(
                instance_confidence(image.logits.sigmoid() * image.cover, self.threshold),
                thing_confidence(logits, self.num_things_classes, self.threshold),
            )
            for image, logits in zip(canvases, semantic_logits, strict=True)
        ]
        return dict(loss_consistency=self.consistency_weight * torch.stack(losses).mean())
