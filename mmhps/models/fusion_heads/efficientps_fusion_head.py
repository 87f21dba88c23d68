"""EfficientPS's fusion (Mohan and Valada, 2020): both branches have to agree on an instance.

Shapes: T thing and S stuff classes, N instances, h x w.
"""

from __future__ import annotations

from mmdet.registry import MODELS
from torch import Tensor

from mmhps.functional import panoptic_logits

from ..instances import Canvases
from .base import FusionHead

__all__ = ["EfficientPSFusionHead", "agreement"]


def agreement(mask_logits: Tensor, class_logits: Tensor) -> Tensor:
    """``(sigmoid(A) + sigmoid(B)) * (A + B)``: large where both are, small where one is not.

    Args:
        mask_logits: A, logits of the instance branch, any shape.
        class_logits: B, logits of the semantic branch for the instances' classes, the same shape.

    Returns:
        The same shape, float32.
    """
    mask_logits, class_logits = mask_logits.float(), class_logits.float()
    return (mask_logits.sigmoid() + class_logits.sigmoid()) * (mask_logits + class_logits)


@MODELS.register_module()
class EfficientPSFusionHead(FusionHead):
    """Instances hold the agreement of their mask logits with the semantic logits of their class.

    They compete with the bare stuff logits. The fusion is one of testing, as in EfficientPS;
    ``loss_weight`` > 0 trains with it.

    Args:
        mask_scale: Factor of the mask logits.
        loss_weight: Weight of the panoptic loss.
        merge_iou: At test, canvases of one class whose masks overlap by more are merged; 1 merges
            none, as what others hide drops out.
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
        of_class = semantic_logits[canvases.labels] * canvases.cover
        instances = agreement(self.mask_scale * canvases.logits, of_class)
        return panoptic_logits(semantic_logits[self.num_things_classes :], instances)
