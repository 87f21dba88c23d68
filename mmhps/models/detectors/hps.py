"""HPS: instances and stuff fused inside the network, in the paper's order of computation."""

from __future__ import annotations

import copy

import torch
from mmdet.models.detectors import TwoStagePanopticSegmentor
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.utils import InstanceList, OptConfigType
from mmengine.structures import InstanceData
from torch import Tensor

from mmhps.functional import Resampled

from ..utils import add_canvases, output_boxes


@MODELS.register_module()
class HPS(TwoStagePanopticSegmentor):
    """Holistic end-to-end panoptic segmentation network with interrelations.

    Computes features, instances, canvases, [ISI,] semantics, and panoptic logits, in this order.
    Parameter names are those of MMDetection's Mask R-CNN and Panoptic FPN.

    Args:
        isi: Config of the ISI module, which appends the initial segmentation image to the
            features of the semantic head; None for HPS without ISI.
        kwargs: See ``TwoStagePanopticSegmentor``; ``roi_head`` is an ``InstanceRoIHead``.
    """

    def __init__(self, *args, isi: OptConfigType = None, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.isi = MODELS.build(isi) if isi else None

    def loss(self, batch_inputs: Tensor, batch_data_samples: SampleList) -> dict[str, Tensor]:
        """All losses: RPN, box, mask, semantic and panoptic.

        Args:
            batch_inputs: (B, 3, H, W).
            batch_data_samples: With ``gt_instances``, ``gt_sem_seg`` and ``gt_panoptic_seg``.

        Returns:
            Losses by name.
        """
        x = self.extract_feat(batch_inputs)
        losses, proposals = self._rpn_loss(x, batch_data_samples)
        roi_losses, instances = self.roi_head.loss_and_instances(x, proposals, batch_data_samples)
        features = self._semantic_features(x, instances, batch_inputs)
        semantic_losses, logits = self.semantic_head.loss_and_logits(features, batch_data_samples)
        panoptic_losses = self.panoptic_fusion_head.loss(instances, logits, batch_data_samples)
        return {**losses, **roi_losses, **semantic_losses, **panoptic_losses}

    def predict(
        self, batch_inputs: Tensor, batch_data_samples: SampleList, rescale: bool = True
    ) -> SampleList:
        """Panoptic maps of a batch of images.

        Args:
            batch_inputs: (B, 3, H, W).
            batch_data_samples: For their meta information.
            rescale: Predict at the original size of each image, else at the network's.

        Returns:
            The data samples with ``pred_panoptic_seg`` (``sem_seg`` (1, H, W), see the fusion
            head) and ``pred_instances`` (``bboxes``, ``labels``, ``scores``).
        """
        metas = [sample.metainfo for sample in batch_data_samples]
        instances, logits = self.predict_parts(batch_inputs, batch_data_samples, rescale)
        results = self.panoptic_fusion_head.predict(instances, logits, metas, rescale=rescale)
        for sample, image, meta in zip(batch_data_samples, instances, metas, strict=True):
            sample.pred_instances = InstanceData(
                bboxes=output_boxes(image.bboxes, meta, rescale),
                labels=image.labels,
                scores=image.scores,
            )
        return self.add_pred_to_datasample(batch_data_samples, results)

    def predict_parts(
        self, batch_inputs: Tensor, batch_data_samples: SampleList, rescale: bool = True
    ) -> tuple[InstanceList, list[Resampled]]:
        """What the fusion fuses; for the arguments see :meth:`predict`.

        Returns:
            Per image the instances of ``InstanceRoIHead``, and the semantic logits (T + S, h, w),
            to be read at the size of the output.
        """
        x = self.extract_feat(batch_inputs)
        proposals = self.rpn_head.predict(x, batch_data_samples, rescale=False)
        instances = self.roi_head.predict_instances(x, proposals, batch_data_samples)
        features = self._semantic_features(x, instances, batch_inputs)
        metas = [sample.metainfo for sample in batch_data_samples]
        return instances, self.semantic_head.predict_resampled(features, metas, rescale)

    def _forward(self, batch_inputs: Tensor, batch_data_samples: SampleList) -> tuple:
        """Raw outputs without fusion, e.g. to count operations.

        Args:
            batch_inputs: (B, 3, H, W).
            batch_data_samples: For their meta information.

        Returns:
            The semantic logits (B, T + S, h, w), then the mask logits (N, M, M) of each image.
        """
        x = self.extract_feat(batch_inputs)
        proposals = self.rpn_head.predict(x, batch_data_samples, rescale=False)
        instances = self.roi_head.predict_instances(x, proposals, batch_data_samples)
        features = self._semantic_features(x, instances, batch_inputs)
        logits = self.semantic_head(features)["seg_preds"]
        return logits, *(image.mask_logits for image in instances)

    def _rpn_loss(
        self, x: tuple[Tensor, ...], batch_data_samples: SampleList
    ) -> tuple[dict[str, Tensor], InstanceList]:
        """RPN losses and proposals; for the RPN every thing is of class 0."""
        samples = copy.copy(batch_data_samples)
        for i, sample in enumerate(batch_data_samples):
            samples[i] = type(sample)(metainfo=sample.metainfo)
            samples[i].gt_instances = InstanceData(
                bboxes=sample.gt_instances.bboxes,
                labels=torch.zeros_like(sample.gt_instances.labels),
            )
            if "ignored_instances" in sample:
                samples[i].ignored_instances = sample.ignored_instances
        cfg = self.train_cfg.get("rpn_proposal", self.test_cfg.rpn)
        losses, proposals = self.rpn_head.loss_and_predict(x, samples, proposal_cfg=cfg)
        renamed = {k if "rpn" in k else f"rpn_{k}": v for k, v in losses.items()}
        return renamed, proposals

    def _semantic_features(
        self, x: tuple[Tensor, ...], instances: InstanceList, batch_inputs: Tensor
    ) -> tuple[Tensor, ...]:
        """Make the canvases where they are needed, and append ISI if the network has it."""
        if self.isi or self.training:
            height, width = x[0].shape[-2:]
            add_canvases(instances, (height, width), batch_inputs.shape[-1] / width)
        return self.isi(x, instances) if self.isi else x
