"""Mask R-CNN's RoI head, which also returns instances with the logits that the fusion needs."""

from __future__ import annotations

import torch
from mmdet.models.layers import multiclass_nms
from mmdet.models.roi_heads import StandardRoIHead
from mmdet.models.task_modules.samplers import SamplingResult
from mmdet.models.utils import unpack_gt_instances
from mmdet.registry import MODELS, TASK_UTILS
from mmdet.structures import SampleList
from mmdet.structures.bbox import bbox2roi
from mmdet.utils import InstanceList, OptConfigType
from mmengine.structures import InstanceData
from torch import Tensor

from mmhps.functional import soft_one_hot

from ..instances import Instances
from .training_instances import TrainingStep


@MODELS.register_module()
class InstanceRoIHead(StandardRoIHead):
    """StandardRoIHead that returns the box, class scores and mask logits of each instance.

    Parameters and losses are those of the base class, and so are its checkpoints.

    Args:
        train_instances: Config of the strategy that chooses which instances make the canvases in
            training (not stated in the paper): ``Detections`` (if ``type`` is left out),
            ``SampledRoIs`` or ``GroundTruthBoxes``.
        class_gradient: Let gradients pass through the class choice, as Eq. (1) intends. Without
            them the box classifier still learns from the scores on the canvases.
        beta: Sharpness of Eq. (1); the paper says "a large constant".
        kwargs: See ``StandardRoIHead``.

    Raises:
        ValueError: Boxes and masks share one RoI extractor.
    """

    def __init__(
        self,
        *args,
        train_instances: OptConfigType = None,
        class_gradient: bool = True,
        beta: float = 10.0,
        **kwargs,
    ) -> None:
        super().__init__(*args, **kwargs)
        if self.share_roi_extractor:
            raise ValueError("mask_roi_extractor is missing: boxes and masks need one each")
        self.train_instances = TASK_UTILS.build(
            train_instances or {}, default_args=dict(type="Detections")
        )
        self.class_gradient = class_gradient
        self.beta = beta

    def loss_and_instances(
        self,
        x: tuple[Tensor, ...],
        proposals: InstanceList,
        batch_data_samples: SampleList,
        matched_only: bool = False,
    ) -> tuple[dict[str, Tensor], list[Instances]]:
        """Compute the losses of the base class, and the instances of each image.

        Args:
            x: FPN features.
            proposals: RPN proposals of each image.
            batch_data_samples: Ground truth with boxes, labels and masks.
            matched_only: Leave out instances that match no ground truth, and save their masks.

        Returns:
            Losses, and per image the instances with ``gt_inds``.
        """
        gt, ignored, metas = unpack_gt_instances(batch_data_samples)
        sampled = [
            self._sample(proposals[i], gt[i], ignored[i], [level[i : i + 1] for level in x])
            for i in range(len(metas))
        ]
        box_results = self.bbox_loss(x, sampled)
        boxes = [image.bboxes for image in proposals]
        step = TrainingStep(self, x, boxes, sampled, box_results, gt, metas)
        candidates = self.train_instances(step)
        if matched_only:
            candidates = [
                image.matched(len(sample.pos_priors))
                for image, sample in zip(candidates, sampled, strict=True)
            ]
        extra = [image.extra_boxes for image in candidates]
        mask_loss, masks = self._loss_and_masks(x, sampled, gt, extra)
        instances = [
            self.choose_class(
                image.bboxes,
                image.labels,
                image.class_scores,
                image_masks[image.mask_rows],
                detected=image.detected,
                gt_inds=image.gt_inds,
            )
            for image, image_masks in zip(candidates, masks, strict=True)
        ]
        return {**box_results["loss_bbox"], **mask_loss}, instances

    def predict_instances(
        self, x: tuple[Tensor, ...], proposals: InstanceList, batch_data_samples: SampleList
    ) -> list[Instances]:
        """Detect instances.

        Args:
            x: FPN features.
            proposals: RPN proposals of each image.
            batch_data_samples: For their meta information.

        Returns:
            Instances of each image by falling score.
        """
        metas = [sample.metainfo for sample in batch_data_samples]
        raw = self.predict_bbox(x, metas, proposals, rcnn_test_cfg=None, rescale=False)
        kept = [self.suppress(image, self.test_cfg.score_thr) for image in raw]
        masks = self._masks_of(x, [bboxes for bboxes, _, _ in kept])
        return [
            self.choose_class(bboxes, labels, image.scores[proposal], image_masks)
            for (bboxes, labels, proposal), image, image_masks in zip(kept, raw, masks, strict=True)
        ]

    def _sample(
        self,
        proposals: InstanceData,
        gt: InstanceData,
        ignored: InstanceData | None,
        features: list[Tensor],
    ) -> SamplingResult:
        """Sample RoIs of one image for the losses; the proposals stay as they are."""
        priors = InstanceData(priors=proposals.bboxes)
        assigned = self.bbox_assigner.assign(priors, gt, ignored)
        return self.bbox_sampler.sample(assigned, priors, gt, feats=features)

    def _loss_and_masks(
        self,
        x: tuple[Tensor, ...],
        sampled: list[SamplingResult],
        gt: InstanceList,
        extra: list[Tensor],
    ) -> tuple[dict[str, Tensor], list[Tensor]]:
        """Compute the mask loss, and per image the mask logits (P + E, T, M, M).

        Those of the P positive RoIs, which have the loss, come first, then those of the ``extra``
        boxes (E, 4). All are computed in one pass, so that batch normalization sees one batch per
        step as in Mask R-CNN, on every process.
        """
        positive = [sample.pos_priors for sample in sampled]
        parts = positive + extra
        rois = bbox2roi(parts)
        # bbox2roi numbers the parts; those after the first B belong to images 0..B-1 again.
        rois[:, 0] %= len(positive)
        masks = self._mask_forward(x, rois)["mask_preds"].split([len(part) for part in parts])
        masks, extra_masks = masks[: len(positive)], masks[len(positive) :]
        losses = self.mask_head.loss_and_target(torch.cat(masks), sampled, gt, self.train_cfg)
        both = [torch.cat(pair) for pair in zip(masks, extra_masks, strict=True)]
        return losses["loss_mask"], both

    def suppress(self, raw: InstanceData, score_thr: float) -> tuple[Tensor, Tensor, Tensor]:
        """Suppress overlapping detections (NMS).

        Args:
            raw: ``bboxes`` (P, 4 * T) and ``scores`` (P, T + 1) of all proposals of an image.
            score_thr: Lowest score.

        Returns:
            By falling score ``bboxes`` (N, 4), ``labels`` (N,), and ``proposal`` (N,), the index
            of the proposal that each one comes from.
        """
        with torch.no_grad():
            dets, labels, inds = multiclass_nms(
                raw.bboxes.float(),
                raw.scores.float(),
                score_thr,
                self.test_cfg.nms,
                self.test_cfg.max_per_img,
                return_inds=True,
            )
        # Its index counts pairs of a proposal and a class.
        return dets[:, :4], labels, inds // self.bbox_head.num_classes

    def choose_class(
        self, bboxes: Tensor, labels: Tensor, class_scores: Tensor, masks: Tensor, **fields: Tensor
    ) -> Instances:
        """Eq. (1): pick each instance's mask by its class, with gradients to the class scores.

        Args:
            bboxes: (N, 4).
            labels: (N,).
            class_scores: (N, T + 1) class probabilities, background last.
            masks: (N, T, M, M) mask logits.
            fields: Further fields of the instances.
        """
        log_scores = class_scores[:, :-1].float().clamp(min=1e-8).log()
        if not self.class_gradient:
            log_scores = log_scores.detach()
        weights = soft_one_hot(log_scores, self.beta, index=labels)
        return Instances(
            bboxes=bboxes,
            labels=labels,
            scores=class_scores.gather(1, labels[:, None]).flatten(),
            class_weights=weights,
            # A sum, not a matrix product: autocast would take that in half precision.
            mask_logits=(weights[..., None, None] * masks.float()).sum(dim=1),
            **fields,
        )

    def _masks_of(self, x: tuple[Tensor, ...], boxes: list[Tensor]) -> tuple[Tensor, ...]:
        """Mask logits (N, T, M, M) of the boxes of each image, all in one pass."""
        rois = bbox2roi(boxes)
        if len(rois):
            masks = self._mask_forward(x, rois)["mask_preds"]
        else:
            # Some layers fail on empty inputs.
            size = 2 * self.mask_roi_extractor.roi_layers[0].output_size[0]
            masks = x[0].new_zeros(0, self.bbox_head.num_classes, size, size)
        return masks.split([len(b) for b in boxes])
