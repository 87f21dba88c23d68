"""MMDetection's Panoptic FPN, opened up for what is asked of a prediction besides the map."""

from __future__ import annotations

from mmdet.models.detectors import PanopticFPN as _PanopticFPN
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.utils import InstanceList
from torch import Tensor

from .fused_parts import FusedParts


@MODELS.register_module(force=True)
class PanopticFPN(FusedParts, _PanopticFPN):
    """MMDetection's ``PanopticFPN``, in place of which it is registered.

    The panoptic maps are the same. It adds ``pred_instances`` and the ``outputs`` of ``test_cfg``,
    see :func:`mmhps.models.detectors.outputs.add_outputs`, and gives test-time augmentation its
    parts.
    """

    def predict_parts(
        self, batch_inputs: Tensor, batch_data_samples: SampleList, rescale: bool = True
    ) -> tuple[InstanceList, list[Tensor]]:
        """What is merged: per image the instances with masks, and the logits (T + S, H, W)."""
        x = self.extract_feat(batch_inputs)
        proposals = self.rpn_head.predict(x, batch_data_samples, rescale=False)
        instances = self.roi_head.predict(x, proposals, batch_data_samples, rescale=rescale)
        metas = [sample.metainfo for sample in batch_data_samples]
        return instances, self.semantic_head.predict(x, metas, rescale)
