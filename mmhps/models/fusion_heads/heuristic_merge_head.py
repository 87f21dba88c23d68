"""MMDetection's heuristic merge, fed with what the paper's semantic branch predicts."""

from __future__ import annotations

import torch
from mmdet.models.seg_heads.panoptic_fusion_heads import HeuristicFusionHead
from mmdet.registry import MODELS
from mmdet.utils import InstanceList
from mmengine.structures import InstanceData, PixelData
from torch import Tensor

from mmhps.functional import Resampled, paste_windows

from ..utils import output_boxes


@MODELS.register_module()
class HeuristicMergeHead(HeuristicFusionHead):
    """HeuristicFusionHead for T + S semantic channels, things first.

    MMDetection's head expects the S stuff channels followed by one channel for all things, whose
    pixels become void unless an instance covers them; that channel is the largest thing logit.
    Instances may come with masks (from any ``roi_head.predict``) or with mask logits (from
    ``InstanceRoIHead``), so that one network can be scored with either fusion. Mask logits are
    resized and cut at 0, where MMDetection resizes probabilities and cuts at 0.5; the two differ in
    a few pixels at edges.
    """

    def predict(
        self,
        mask_results_list: InstanceList,
        seg_preds_list: list[Tensor | Resampled],
        batch_img_metas: list[dict] | None = None,
        rescale: bool = True,
    ) -> list[PixelData]:
        """Merge instances and semantics.

        Args:
            mask_results_list: Per image ``bboxes``, ``labels``, ``scores`` and either ``masks``
                (N, H, W) or ``mask_logits`` (N, M, M).
            seg_preds_list: Per image semantic logits of T + S classes, (H, W) of the output or to
                be read there.
            batch_img_metas: Needed for ``mask_logits`` only.
            rescale: Whether the output has the original size of the image.

        Returns:
            Per image ``sem_seg`` (1, H, W) int32, as in the base class.
        """
        merged = []
        for i, (image, logits) in enumerate(zip(mask_results_list, seg_preds_list, strict=True)):
            if isinstance(logits, Resampled):
                logits = logits.dense()
            if "masks" not in image:
                image = _paste(image, tuple(logits.shape[-2:]), batch_img_metas[i], rescale)
            things = logits[: self.num_things_classes].amax(dim=0, keepdim=True)
            merged.append((image, torch.cat([logits[self.num_things_classes :], things])))
        return [self._predict_single(image, logits) for image, logits in merged]


def _paste(image: InstanceData, size: tuple[int, int], meta: dict, rescale: bool) -> InstanceData:
    boxes = output_boxes(image.bboxes, meta, rescale)
    masks = torch.zeros(len(boxes), *size, dtype=torch.bool, device=boxes.device)
    layers = paste_windows(image.mask_logits, boxes, size)
    for mask, (window, canvas) in zip(masks, layers, strict=True):
        mask[window] = canvas >= 0
    return InstanceData(bboxes=boxes, labels=image.labels, scores=image.scores, masks=masks)
