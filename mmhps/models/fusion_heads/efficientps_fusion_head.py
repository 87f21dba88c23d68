"""EfficientPS's fusion (Mohan and Valada, 2020): both branches have to agree on an instance.

Shapes: T thing and S stuff classes, N instances, h x w.
"""

from __future__ import annotations

from mmdet.registry import MODELS
from torch import Tensor

from mmhps.functional import agreement, class_terms, panoptic_logits

from ..instances import Canvases
from .base import FusionHead


@MODELS.register_module()
class EfficientPSFusionHead(FusionHead):
    """The agreement of an instance's mask logits with the semantic logits of its class.

    It competes with the stuff logits. As in EfficientPS, the fusion serves testing only;
    ``loss_weight`` > 0 also trains with it.

    Args:
        mask_scale: Factor of the mask logits.
        loss_weight: Weight of the panoptic loss.
        merge_iou: See :class:`FusionHead`; 1 merges none, since hidden instances are dropped.
        kwargs: See :class:`FusionHead`.
    """

    def __init__(
        self,
        *args,
        mask_scale: float = 4.0,
        loss_weight: float = 0.0,
        merge_iou: float = 1.0,
        **kwargs,
    ) -> None:
        super().__init__(*args, loss_weight=loss_weight, merge_iou=merge_iou, **kwargs)
        self.mask_scale = mask_scale

    def forward(self, canvases: Canvases, semantic_logits: Tensor) -> Tensor:
        """See :meth:`FusionHead.forward`; an instance holds 0 outside of its box."""
        of_class = class_terms(semantic_logits, canvases.labels, canvases.cover)
        instances = agreement(self.mask_scale * canvases.logits, of_class)
        return panoptic_logits(semantic_logits[self.num_things_classes :], instances)
