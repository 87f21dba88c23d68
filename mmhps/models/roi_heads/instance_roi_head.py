"""Mask R-CNN's RoI head, opened up: instances with the logits that the fusion needs."""

from __future__ import annotations

import torch
from mmdet.models.layers import multiclass_nms
from mmdet.models.roi_heads import StandardRoIHead
from mmdet.models.task_modules.samplers import SamplingResult
from mmdet.models.utils import unpack_gt_instances
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.structures.bbox import bbox2roi, bbox_overlaps, get_box_tensor
from mmdet.utils import InstanceList
from mmengine.structures import InstanceData
from torch import Tensor

from mmhps.functional import match_instances, soft_one_hot

_ASKED = 256
"""RoIs that the box head sees at a time where no gradient is needed: more take more memory."""


@MODELS.register_module()
class InstanceRoIHead(StandardRoIHead):
    """StandardRoIHead that hands on each instance's box, class and mask logits.

    Parameters and losses are those of the base class, and so are its checkpoints. Instances are
    ``InstanceData`` with, for N instances in the coordinates of the network input,

    - ``bboxes`` (N, 4), detached,
    - ``labels`` (N,) and ``scores`` (N,), the latter with gradient to the box classifier,
    - ``class_weights`` (N, T), the one-hot rows of Eq. (1),
    - ``mask_logits`` (N, M, M) of the chosen class,
    - ``detected`` (N,), False for ground truth that no detection found, which only training adds,
    - at test ``proposal`` (N,), the index of the proposal that each one comes from,
    - in training ``gt_inds`` (N,), the ground-truth instance that each one stands for, or -1.

    Args:
        train_instances: Which instances make the canvases in training (not stated in the paper).
            ``'detections'``: what the detector itself outputs, as at test, false detections
            included; ground truth that none of them finds falls back to its best sampled RoI.
            ``'rois'``: the best ``rois_per_instance`` sampled RoIs of each ground-truth instance.
        rois_per_instance: For ``'rois'``: how many RoIs each instance averages.
        train_score_thr: For ``'detections'``: lowest score.
        match_iou: For ``'detections'``: IoU above which a detection stands for the ground truth.
        class_gradient: Let gradients pass through the class choice, as Eq. (1) intends. Without
            them the box classifier still learns from the scores on the canvases.
        beta: Sharpness of Eq. (1); the paper says "a large constant".
    """

    def __init__(
        self,
        *args,
        train_instances: str = "detections",
        rois_per_instance: int = 1,
        train_score_thr: float = 0.3,
        match_iou: float = 0.5,
        class_gradient: bool = True,
        beta: float = 10.0,
        **kwargs,
    ) -> None:
        super().__init__(*args, **kwargs)
        if self.share_roi_extractor:
            raise ValueError("mask_roi_extractor is missing: boxes and masks need one each")
        if train_instances not in ("detections", "rois"):
            raise ValueError(
                f"train_instances must be 'detections' or 'rois', got {train_instances!r}"
            )
        self.train_instances = train_instances
        self.rois_per_instance = rois_per_instance
        self.train_score_thr = train_score_thr
        self.match_iou = match_iou
        self.class_gradient = class_gradient
        self.beta = beta

    def loss_and_instances(
        self, x: tuple[Tensor, ...], proposals: InstanceList, batch_data_samples: SampleList
    ) -> tuple[dict[str, Tensor], InstanceList]:
        """The losses of the base class, and the instances of each image.

        Args:
            x: FPN features.
            proposals: RPN proposals of each image.
            batch_data_samples: Ground truth with boxes, labels and masks.

        Returns:
            Losses, and per image the instances described above with ``gt_inds``.
        """
        gt_instances, gt_ignored, metas = unpack_gt_instances(batch_data_samples)
        boxes = [image.bboxes for image in proposals]
        sampled = [
            self._sample(
                proposals[i], gt_instances[i], gt_ignored[i], [level[i : i + 1] for level in x]
            )
            for i in range(len(metas))
        ]
        box_results = self.bbox_loss(x, sampled)
        scores = box_results["cls_score"].split([len(s.priors) for s in sampled])
        detections = []
        if self.train_instances == "detections":
            detections = self._training_detections(x, boxes, sampled, box_results, metas)
        pos_masks, losses = self._masks_and_loss(x, sampled, detections, gt_instances)
        losses = {**box_results["loss_bbox"], **losses}
        instances = [
            _roi_instances(sample, gt, score.softmax(-1), masks, self.rois_per_instance)
            for sample, gt, score, masks in zip(
                sampled, gt_instances, scores, pos_masks, strict=True
            )
        ]
        if detections:
            instances = [
                _match_and_fall_back(found, rois, gt, self.match_iou)
                for found, rois, gt in zip(detections, instances, gt_instances, strict=True)
            ]
        return losses, [self._choose_class(image) for image in instances]

    def predict_instances(
        self, x: tuple[Tensor, ...], proposals: InstanceList, batch_data_samples: SampleList
    ) -> InstanceList:
        """Detect instances; see the class for their fields.

        Args:
            x: FPN features.
            proposals: RPN proposals of each image.
            batch_data_samples: For their meta information.

        Returns:
            Instances of each image by falling score, in the coordinates of the network input.
        """
        metas = [sample.metainfo for sample in batch_data_samples]
        raw = self.predict_bbox(x, metas, proposals, rcnn_test_cfg=None, rescale=False)
        detections = [self._suppress(r, self.test_cfg.score_thr) for r in raw]
        self._add_masks(x, detections)
        return [self._choose_class(d) for d in detections]

    def _sample(
        self,
        proposals: InstanceData,
        gt: InstanceData,
        ignored: InstanceData | None,
        features: list[Tensor],
    ) -> SamplingResult:
        proposals.priors = proposals.pop("bboxes")
        assigned = self.bbox_assigner.assign(proposals, gt, ignored)
        return self.bbox_sampler.sample(assigned, proposals, gt, feats=features)

    def _training_detections(
        self,
        x: tuple[Tensor, ...],
        boxes: list[Tensor],
        sampled: list[SamplingResult],
        box_results: dict[str, Tensor],
        metas: list[dict],
    ) -> InstanceList:
        """What the detector outputs for all proposals, with gradients to the class scores.

        The sampled RoIs alone would not do: most background is missing among them, and with it
        most of the false detections that testing sees. For them the box head has answered
        already; the others are asked without gradients, and those that become detections once
        more with gradients.

        Args:
            x: FPN features.
            boxes: Proposals of each image, (P, 4).
            sampled: The sampled RoIs of each image.
            box_results: ``cls_score`` and ``bbox_pred`` of all sampled RoIs.
            metas: Meta information of the images.
        """
        rois, counts = bbox2roi(boxes), [len(b) for b in boxes]
        answer = self._answers(sampled, counts)
        with torch.no_grad():
            asked = [self._bbox_forward(x, part) for part in rois[answer < 0].split(_ASKED)]
            scores, deltas = (
                _answered(
                    box_results[key].detach(), torch.cat([part[key] for part in asked]), answer
                ).split(counts)
                for key in ("cls_score", "bbox_pred")
            )
            raw = self.bbox_head.predict_by_feat(rois.split(counts), scores, deltas, metas)
            detections = [self._suppress(image, self.train_score_thr) for image in raw]
        starts = [sum(counts[:i]) for i in range(len(counts))]
        picked = torch.cat(
            [d.pop("proposal") + start for d, start in zip(detections, starts, strict=True)]
        )
        answer = answer[picked]
        again = self._bbox_forward(x, rois[picked[answer < 0]])["cls_score"]
        scores = _answered(box_results["cls_score"], again, answer).softmax(-1)
        for image, part in zip(detections, scores.split([len(d) for d in detections]), strict=True):
            image.class_scores = part
            image.scores = part.gather(1, image.labels[:, None]).flatten()
        return detections

    def _answers(self, sampled: list[SamplingResult], counts: list[int]) -> Tensor:
        """The row of each proposal among all sampled RoIs, -1 for those that were not sampled."""
        answers, first = [], 0
        for sample, count in zip(sampled, counts, strict=True):
            index = torch.cat([sample.pos_inds, sample.neg_inds])
            row = torch.arange(first, first + len(index), device=index.device)
            added = sample.num_gts if self.bbox_sampler.add_gt_as_proposals else 0
            answer = index.new_full((added + count,), -1)
            answer[index] = row
            answers.append(answer[added:])
            first += len(index)
        return torch.cat(answers)

    def _masks_and_loss(
        self,
        x: tuple[Tensor, ...],
        sampled: list[SamplingResult],
        detections: InstanceList,
        gt_instances: InstanceList,
    ) -> tuple[tuple[Tensor, ...], dict[str, Tensor]]:
        """Mask logits of positive RoIs and detections in one pass, and the loss of the former.

        One pass, so that batch normalization sees one batch per step as in Mask R-CNN, on every
        process. The detections get theirs as ``all_mask_logits``.
        """
        rois = bbox2roi([s.pos_priors for s in sampled] + [d.bboxes for d in detections])
        rois[:, 0] %= len(sampled)
        masks = self._mask_forward(x, rois)["mask_preds"]
        counts = [len(s.pos_priors) for s in sampled] + [len(d) for d in detections]
        parts = masks.split(counts)
        pos_masks, detected_masks = parts[: len(sampled)], parts[len(sampled) :]
        for image, image_masks in zip(detections, detected_masks, strict=True):
            image.all_mask_logits = image_masks
        losses = self.mask_head.loss_and_target(
            mask_preds=torch.cat(pos_masks),
            sampling_results=sampled,
            batch_gt_instances=gt_instances,
            rcnn_train_cfg=self.train_cfg,
        )
        return pos_masks, losses["loss_mask"]

    def _suppress(self, raw: InstanceData, score_thr: float) -> InstanceData:
        """Non-maximum suppression that keeps each detection's class probabilities."""
        with torch.no_grad():
            dets, labels, inds = multiclass_nms(
                raw.bboxes.float(),
                raw.scores.float(),
                score_thr,
                self.test_cfg.nms,
                self.test_cfg.max_per_img,
                return_inds=True,
            )
        proposal = inds // self.bbox_head.num_classes
        class_scores = raw.scores[proposal]
        return InstanceData(
            bboxes=dets[:, :4],
            labels=labels,
            proposal=proposal,
            scores=class_scores.gather(1, labels[:, None]).flatten(),
            class_scores=class_scores,
            detected=torch.ones_like(labels, dtype=torch.bool),
        )

    def _add_masks(self, x: tuple[Tensor, ...], instances: InstanceList) -> None:
        """Run the mask head on the boxes of all images at once."""
        rois = bbox2roi([i.bboxes for i in instances])
        if len(rois):
            masks = self._mask_forward(x, rois)["mask_preds"]
        else:
            size = 2 * self.mask_roi_extractor.roi_layers[0].output_size[0]
            masks = x[0].new_zeros(0, self.bbox_head.num_classes, size, size)
        for image, image_masks in zip(
            instances, masks.split([len(i) for i in instances]), strict=True
        ):
            image.all_mask_logits = image_masks

    def _choose_class(self, instances: InstanceData) -> InstanceData:
        """Eq. (1): pick each instance's mask by its class, with gradients to the class scores."""
        log_scores = instances.pop("class_scores")[:, :-1].float().clamp(min=1e-8).log()
        if not self.class_gradient:
            log_scores = log_scores.detach()
        instances.class_weights = soft_one_hot(log_scores, self.beta, index=instances.labels)
        masks = instances.pop("all_mask_logits").float()
        # A sum, not a matrix product: autocast would take that in half precision.
        instances.mask_logits = (instances.class_weights[..., None, None] * masks).sum(dim=1)
        return instances


def _answered(known: Tensor, asked: Tensor, answer: Tensor) -> Tensor:
    """The rows ``answer`` of ``known``; where it is -1, those of ``asked`` one after the other."""
    missing = answer < 0
    row = answer.masked_scatter(
        missing, len(known) + torch.arange(len(asked), device=answer.device)
    )
    return torch.cat([known, asked])[row]


def _roi_instances(
    sample: SamplingResult, gt: InstanceData, class_scores: Tensor, masks: Tensor, count: int
) -> InstanceData:
    """The ``count`` sampled RoIs of each ground-truth instance that overlap it most.

    Args:
        sample: Sampled RoIs of one image, positive ones first.
        gt: Ground truth of the image.
        class_scores: (R, T + 1) class probabilities of all sampled RoIs.
        masks: (P, T, M, M) mask logits of the P positive RoIs.
        count: RoIs per instance.

    Returns:
        Instances in the order of the ground truth, with ``gt_inds``; ground-truth boxes that the
        sampler added are taken only where nothing else is left.
    """
    boxes = get_box_tensor(sample.pos_priors)
    gt_inds = sample.pos_assigned_gt_inds
    iou = bbox_overlaps(boxes, get_box_tensor(sample.pos_gt_bboxes), is_aligned=True)
    iou = torch.where(sample.pos_is_gt.bool(), iou - 1, iou)
    picked = []
    for g in range(len(gt)):
        of_g = (gt_inds == g).nonzero().flatten()
        picked.append(of_g[iou[of_g].argsort(descending=True)[:count]])
    index = torch.cat(picked) if picked else gt_inds[:0]
    labels = sample.pos_gt_labels[index]
    class_scores = class_scores[: len(boxes)][index]
    return InstanceData(
        bboxes=boxes[index],
        labels=labels,
        scores=class_scores.gather(1, labels[:, None]).flatten(),
        class_scores=class_scores,
        detected=torch.ones_like(labels, dtype=torch.bool),
        all_mask_logits=masks[index],
        gt_inds=gt_inds[index],
    )


def _match_and_fall_back(
    detections: InstanceData, rois: InstanceData, gt: InstanceData, match_iou: float
) -> InstanceData:
    """Detections with their ground truth, plus a RoI for each instance that none of them finds."""
    iou = bbox_overlaps(detections.bboxes, get_box_tensor(gt.bboxes).float())
    detections.gt_inds = match_instances(iou, detections.labels, gt.labels, match_iou)
    fallback = rois[~torch.isin(rois.gt_inds, detections.gt_inds)]
    fallback.detected = torch.zeros_like(fallback.detected)
    return InstanceData.cat([detections, fallback])
