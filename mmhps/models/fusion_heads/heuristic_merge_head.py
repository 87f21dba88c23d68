"""The heuristic merge of Panoptic FPN: instances by falling score, then stuff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from mmdet.registry import MODELS
from mmengine.structures import InstanceData, PixelData
from torch import Tensor

from mmhps.functional import Layer, Resampled, panoptic_logits, resampled

from ..instances import Canvases, Instances
from .base import FusionHead


@MODELS.register_module()
class HeuristicMergeHead(FusionHead):
    """An instance beats all stuff within its mask, and all instances of a lower score.

    It has no loss. Its maps are those of MMDetection's ``HeuristicFusionHead``; the largest thing
    logit stands for that head's single channel of all things. Instances may also come with masks
    (from any ``roi_head.predict``) in place of mask logits, so that one network can be scored with
    either fusion. Mask logits are resized and thresholded at 0, whereas MMDetection resizes
    probabilities and thresholds at 0.5; the results differ in a few pixels at edges.

    Args:
        num_things_classes: T.
        num_stuff_classes: S.
        test_cfg: See :class:`FusionHead`.
    """

    def __init__(
        self,
        num_things_classes: int = 8,
        num_stuff_classes: int = 11,
        test_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(
            num_things_classes,
            num_stuff_classes,
            loss_weight=0.0,
            merge_iou=1.0,  # merges nothing
            test_cfg=test_cfg,
        )

    def forward(self, canvases: Canvases, semantic_logits: Tensor) -> Tensor:
        """Stuff logits; infinity within each mask, where the first of several maxima wins."""
        mask = canvases.cover & (canvases.logits > 0)
        values = torch.full_like(canvases.logits, -torch.inf).masked_fill(mask, torch.inf)
        return panoptic_logits(semantic_logits[self.num_things_classes :], values)

    def predict(
        self,
        instances: Sequence[Instances | InstanceData],
        semantic_logits: Sequence[Resampled | Tensor],
        batch_img_metas: Sequence[dict] | None = None,
        rescale: bool = True,
    ) -> list[PixelData]:
        """Predict as the base class does, also from the types that MMDetection's detectors pass.

        Args:
            instances: Per image instances, or ``labels``, ``scores`` and ``masks`` (N, H, W), bool.
            semantic_logits: Per image, also as (T + S, H, W) at the output's size.
            batch_img_metas: Needed for instances without ``masks``.
            rescale: As in the base class.

        Returns:
            As in the base class.
        """
        if all(isinstance(image, Instances) for image in instances):
            return super().predict(instances, semantic_logits, batch_img_metas, rescale)
        results = []
        for image, logits in zip(instances, semantic_logits, strict=True):
            if isinstance(logits, Tensor):
                logits = resampled(logits, logits.shape[-2:])
            window = (slice(0, logits.size[0]), slice(0, logits.size[1]))
            layers = [(window, mask) for mask in image.masks]  # only what is above 0 counts
            results.append(self.fuse(layers, image.labels, image.scores, logits))
        return results

    def decide(
        self, layers: Sequence[Layer], labels: Tensor, scores: Tensor, logits: Resampled
    ) -> Tensor:
        """Decide as the base class does: paint instances from the lowest score to the highest."""
        dense = logits.dense()
        stuff = dense[self.num_things_classes :]
        things = dense[: self.num_things_classes].amax(dim=0, keepdim=True)
        winner = torch.cat([stuff, things]).argmax(dim=0)
        winner[winner == len(stuff)] += len(layers)  # void comes after the instances
        for n in reversed(range(len(layers))):
            window, canvas = layers[n]
            winner[window].masked_fill_(canvas > 0, len(stuff) + n)
        return winner
