"""SOGNet's relation module (Yang et al., 2020) on UPSNet's head.

Shapes: T thing classes, N instances.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmhps.functional import (
    overlap_order,
    overlapping_pairs,
    pair_geometry,
    relation_loss,
    resolve_overlaps,
)

from ..instances import Canvases, Instances
from .upsnet_fusion_head import UPSNetFusionHead


class Relation(BaseModule):
    """The relation logits of all pairs, from their classes and boxes.

    Args:
        num_things: T.
        class_channels: Width of the embeddings of the classes.
        box_channels: Width of that of the boxes.
    """

    def __init__(self, num_things: int, class_channels: int = 256, box_channels: int = 128) -> None:
        super().__init__(init_cfg=dict(type="Kaiming", layer="Linear"))
        self.num_things = num_things
        self.below = nn.Linear(num_things, class_channels, bias=False)
        self.above = nn.Linear(num_things, class_channels, bias=False)
        self.boxes = nn.Linear(4, box_channels, bias=False)
        self.classifier = nn.Linear(class_channels + box_channels, 1, bias=False)

    def forward(self, bboxes: Tensor, labels: Tensor) -> Tensor:
        """Boxes (N, 4) and classes (N,) -> (N, N), high in entry i, j if j lies on i."""
        one_hot = F.one_hot(labels, self.num_things).float()
        below, above = self.below(one_hot).relu(), self.above(one_hot).relu()
        classes = below[:, None] * above[None, :]
        geometry = self.boxes(pair_geometry(bboxes)).relu()
        return self.classifier(torch.cat([classes, geometry], dim=2)).squeeze(2)


@MODELS.register_module()
class SOGNetFusionHead(UPSNetFusionHead):
    """UPSNet's head, where instances weaken the masks of those that they lie on.

    Args:
        args: See :class:`UPSNetFusionHead`.
        unknown: See :class:`UPSNetFusionHead`.
        relation_weight: Weight of the relation loss.
        min_overlap: Share of the smaller of two boxes from which on they overlap.
        kwargs: See :class:`UPSNetFusionHead`.
    """

    def __init__(
        self,
        *args,
        unknown: bool = False,
        relation_weight: float = 1.0,
        min_overlap: float = 0.1,
        **kwargs,
    ) -> None:
        super().__init__(*args, unknown=unknown, **kwargs)
        self.relation_weight = relation_weight
        self.min_overlap = min_overlap
        self.relation = Relation(self.num_things_classes)

    def order(self, canvases: Canvases) -> tuple[Tensor, Tensor]:
        """The order of N instances (N, N), and which of them overlap (N, N)."""
        pairs = overlapping_pairs(canvases.bboxes, self.min_overlap)
        return overlap_order(self.relation(canvases.bboxes, canvases.labels), pairs), pairs

    def mask_terms(self, canvases: Canvases) -> Tensor:
        """See :meth:`UPSNetFusionHead.mask_terms`."""
        return resolve_overlaps(canvases.logits, self.order(canvases)[0])

    def loss(
        self,
        instances: Sequence[Instances],
        canvases: Sequence[Canvases],
        semantic_logits: Tensor,
        batch_data_samples: SampleList,
    ) -> dict[str, Tensor]:
        """Compute the panoptic loss, see the base class, and ``loss_relation``."""
        losses = super().loss(instances, canvases, semantic_logits, batch_data_samples)
        relations = [
            relation_loss(*self.order(canvas[image.gt_inds >= 0]))
            for image, canvas in zip(instances, canvases, strict=True)
        ]
        return dict(losses, loss_relation=self.relation_weight * torch.stack(relations).mean())
