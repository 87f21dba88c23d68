"""UPSNet's panoptic head (Xiong et al., 2019): it has no weights of its own.

Shapes: T thing and S stuff classes, N instances, h x w.
"""

from __future__ import annotations

import torch
from mmdet.registry import MODELS
from torch import Tensor

from mmhps.functional import (
    Resampled,
    class_terms,
    majority_classes,
    panoptic_logits,
    unknown_logits,
)

from ..instances import Canvases
from .base import FusionHead


@MODELS.register_module()
class UPSNetFusionHead(FusionHead):
    """An instance's mask logits plus the semantic logits of its class compete with stuff.

    In training, UPSNet takes ground-truth boxes:
    ``roi_head.train_instances=dict(type="GroundTruthBoxes", keep=0.7)``. The things that are left
    out teach the unknown channel. At test time, an instance becomes stuff if the semantic branch
    sees that stuff in half of its pixels or more.

    Args:
        unknown: Whether there is the channel of things without an instance.
        segment_power: See :class:`FusionHead`; every pixel counts alike.
        merge_iou: See :class:`FusionHead`; 1 merges none, since hidden instances are dropped.
        void_things: See :class:`FusionHead`; the unknown channel decides instead.
        hidden_within_class: See :class:`FusionHead`.
        kwargs: See :class:`FusionHead`.
    """

    def __init__(
        self,
        *args,
        unknown: bool = True,
        segment_power: float = 0.0,
        merge_iou: float = 1.0,
        void_things: bool = False,
        hidden_within_class: bool = True,
        **kwargs,
    ) -> None:
        super().__init__(
            *args,
            segment_power=segment_power,
            merge_iou=merge_iou,
            void_things=void_things,
            hidden_within_class=hidden_within_class,
            **kwargs,
        )
        self.unknown = unknown

    def forward(self, canvases: Canvases, semantic_logits: Tensor) -> Tensor:
        """See :meth:`FusionHead.forward`; an instance holds 0 outside of its box."""
        terms = class_terms(semantic_logits, canvases.labels, canvases.cover)
        stuff = semantic_logits[self.num_things_classes :]
        fused = panoptic_logits(stuff, terms + self.mask_terms(canvases))
        if not self.unknown:
            return fused
        things = semantic_logits[: self.num_things_classes]
        return torch.cat([fused, unknown_logits(things, terms)[None]])

    def mask_terms(self, canvases: Canvases) -> Tensor:
        """What the masks add to the logits of the instances, (N, h, w)."""
        return canvases.logits

    def revise(self, winner: Tensor, labels: Tensor, logits: Resampled) -> Tensor:
        """See :meth:`FusionHead.revise`: the majority rule."""
        stuff, things = self.num_stuff_classes, self.num_things_classes
        instance = winner.flatten().long() - stuff
        (pixels,) = ((instance >= 0) & (instance < len(labels))).nonzero(as_tuple=True)
        if not len(pixels):
            return winner
        semantic = logits.at(pixels).argmax(dim=1)
        classes = majority_classes(instance[pixels], semantic, labels, things, self.num_classes)
        table = torch.arange(stuff + len(labels) + 1, device=winner.device, dtype=winner.dtype)
        own = table[stuff:-1]
        table[stuff:-1] = torch.where(classes < things, own, (classes - things).to(own.dtype))
        return table[winner.long()]
