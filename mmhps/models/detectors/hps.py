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

from ..instances import Canvases, Instances, paste
from ..priors import PriorInputs, PriorOutput
from .fused_parts import FusedParts


@MODELS.register_module()
class HPS(FusedParts, TwoStagePanopticSegmentor):
    """Holistic end-to-end panoptic segmentation network with interrelations.

    Computes features, instances, canvases, the prior, semantics, and panoptic logits, in this
    order. Parameter names are those of MMDetection's Mask R-CNN and Panoptic FPN.

    Args:
        prior: Config of what the semantic head learns about the instances, e.g.
            ``InitialSegmentation`` for HPS + ISI; None for HPS alone.
        kwargs: See ``TwoStagePanopticSegmentor``; ``roi_head`` is an ``InstanceRoIHead``,
            ``panoptic_fusion_head`` a :class:`mmhps.models.fusion_heads.FusionHead`.

    Raises:
        ValueError: ``semantic_head`` does not take the channels that ``prior`` adds.
    """

    def __init__(self, *args, prior: OptConfigType = None, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.prior = MODELS.build(prior or dict(type="NoPrior"))
        added = self.prior.extra_channels(self.num_things_classes)
        taken = self.semantic_head.extra_channels
        if added != taken:
            raise ValueError(
                f"prior: {type(self.prior).__name__} adds {added} channels to the semantic "
                f"features, but {type(self.semantic_head).__name__} takes {taken}. Set "
                f"semantic_head.type='PriorSemanticHead' and its extra_channels for a prior, "
                f"'ConcatSemanticHead' for none."
            )

    def loss(self, batch_inputs: Tensor, batch_data_samples: SampleList) -> dict[str, Tensor]:
        """Compute all losses: RPN, box, mask, semantic, panoptic, and those of the prior.

        Args:
            batch_inputs: (B, 3, H, W).
            batch_data_samples: With ``gt_instances``, ``gt_sem_seg`` and ``gt_panoptic_seg``.

        Returns:
            Losses by name.
        """
        samples = batch_data_samples
        x = self.extract_feat(batch_inputs)
        rpn_losses, proposals = self._rpn_loss(x, samples)
        roi_losses, instances = self.roi_head.loss_and_instances(
            x,
            proposals,
            samples,
            matched_only=not (self.prior.uses_canvases or self.panoptic_fusion_head.uses_unmatched),
        )
        canvases = self._paste(x, instances, batch_inputs)
        prior = self._prior(x, proposals, instances, canvases)
        semantic_losses, logits = self.semantic_head.loss_and_logits(
            prior.features, samples, prior.extra
        )
        prior_losses = self.prior.loss(prior, logits, samples)
        panoptic_losses = self.panoptic_fusion_head.loss(instances, canvases, logits, samples)
        return {**rpn_losses, **roi_losses, **semantic_losses, **prior_losses, **panoptic_losses}

    def predict_parts(
        self, batch_inputs: Tensor, batch_data_samples: SampleList, rescale: bool = True
    ) -> tuple[list[Instances], list[Resampled]]:
        """Compute the inputs of the fusion; for the arguments see :meth:`predict`.

        Returns:
            Per image the instances, and the semantic logits (T + S, h, w), to be read at the size
            of the output.
        """
        metas = [sample.metainfo for sample in batch_data_samples]
        x = self.extract_feat(batch_inputs)
        proposals = self.rpn_head.predict(x, batch_data_samples, rescale=False)
        instances = self.roi_head.predict_instances(x, proposals, batch_data_samples)
        canvases = self._paste(x, instances, batch_inputs) if self.prior.uses_canvases else []
        prior = self._prior(x, proposals, instances, canvases)
        logits = self.semantic_head.predict_resampled(prior.features, metas, rescale, prior.extra)
        return instances, logits

    def _forward(self, batch_inputs: Tensor, batch_data_samples: SampleList) -> tuple:
        """Raw outputs without fusion, e.g. to count operations.

        Args:
            batch_inputs: (B, 3, H, W).
            batch_data_samples: For their meta information.

        Returns:
            The semantic logits (B, T + S, h, w), then the mask logits (N, M, M) of each image.
        """
        instances, logits = self.predict_parts(batch_inputs, batch_data_samples)
        semantic = torch.stack([image.values for image in logits])
        return semantic, *(image.mask_logits for image in instances)

    def _paste(
        self, x: tuple[Tensor, ...], instances: list[Instances], batch_inputs: Tensor
    ) -> list[Canvases]:
        """The canvases of each image, of the size of P2."""
        height, width = x[0].shape[-2:]
        stride = batch_inputs.shape[-1] / width
        return [paste(image, (height, width), stride) for image in instances]

    def _prior(
        self,
        x: tuple[Tensor, ...],
        proposals: InstanceList,
        instances: list[Instances],
        canvases: list[Canvases],
    ) -> PriorOutput:
        def rpn_features() -> tuple[Tensor, ...]:
            # MMDetection's RPN head does not return its hidden layer, so it is computed again for
            # a prior that asks for it.
            return tuple(self.rpn_head.rpn_conv(level).relu() for level in x)

        return self.prior(PriorInputs(x, proposals, instances, canvases, rpn_features))

    def _rpn_loss(
        self, x: tuple[Tensor, ...], batch_data_samples: SampleList
    ) -> tuple[dict[str, Tensor], InstanceList]:
        """Compute RPN losses and proposals; the RPN takes all things for one class, 0."""
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
