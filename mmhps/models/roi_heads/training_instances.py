"""Strategies that choose which instances make the canvases in training.

The paper does not say which. A strategy is called with the RoI head and what it has computed, and
returns the candidates of each image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from mmdet.models.task_modules.samplers import SamplingResult
from mmdet.registry import TASK_UTILS
from mmdet.structures.bbox import bbox2roi, bbox_overlaps, get_box_tensor
from mmdet.utils import InstanceList
from mmengine.structures import InstanceData
from torch import Tensor

from mmhps.functional import match_instances

from .cached_rows import cached_rows, gather_cached

if TYPE_CHECKING:
    from .instance_roi_head import InstanceRoIHead

_CHUNK = 256
"""RoIs that the box head sees at a time where no gradient is needed: more take more memory."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """N training instances of one image before the mask head has run.

    Attributes:
        bboxes: (N, 4), detached.
        labels: (N,) int64.
        class_scores: (N, T + 1) class probabilities with gradient, background last.
        detected: (N,) bool, False for ground truth that no detection found.
        gt_inds: (N,) int64 ground truth that each one stands for, -1 for none.
        mask_rows: (N,) int64 where the mask logits are: row p of the P positive RoIs, or P + e for
            extra box e.
        extra_boxes: (E, 4) boxes that the mask head sees in addition to the positive RoIs.
    """

    bboxes: Tensor
    labels: Tensor
    class_scores: Tensor
    detected: Tensor
    gt_inds: Tensor
    mask_rows: Tensor
    extra_boxes: Tensor


@TASK_UTILS.register_module()
class SampledRoIs:
    """The best sampled RoIs of each ground-truth instance.

    Args:
        per_instance: How many RoIs each instance averages.
    """

    def __init__(self, per_instance: int = 1) -> None:
        self.per_instance = per_instance

    def __call__(
        self,
        head: InstanceRoIHead,
        x: tuple[Tensor, ...],
        proposals: InstanceList,
        sampled: list[SamplingResult],
        box_results: dict[str, Tensor],
        gt_instances: InstanceList,
        metas: list[dict],
    ) -> list[Candidates]:
        """Candidates of each image.

        Args:
            head: The RoI head.
            x: FPN features.
            proposals: Of each image.
            sampled: The sampled RoIs of each image.
            box_results: ``cls_score`` and ``bbox_pred`` of all sampled RoIs.
            gt_instances: Ground truth of each image.
            metas: Meta information of the images.
        """
        scores = box_results["cls_score"].split([len(s.priors) for s in sampled])
        return [
            best_rois(sample, len(gt), score.softmax(-1), self.per_instance)
            for sample, gt, score in zip(sampled, gt_instances, scores, strict=True)
        ]


@TASK_UTILS.register_module()
class GroundTruthBoxes:
    """Every ground-truth instance in its own box: canvases of a perfect detector."""

    def __call__(
        self,
        head: InstanceRoIHead,
        x: tuple[Tensor, ...],
        proposals: InstanceList,
        sampled: list[SamplingResult],
        box_results: dict[str, Tensor],
        gt_instances: InstanceList,
        metas: list[dict],
    ) -> list[Candidates]:
        """Candidates of each image; see :class:`SampledRoIs`."""
        boxes = [get_box_tensor(gt.bboxes).float() for gt in gt_instances]
        scores = head._bbox_forward(x, bbox2roi(boxes))["cls_score"].softmax(-1)
        candidates = []
        for image, gt, score, sample in zip(
            boxes, gt_instances, scores.split([len(b) for b in boxes]), sampled, strict=True
        ):
            index = torch.arange(len(gt), device=image.device)
            candidates.append(
                Candidates(
                    bboxes=image,
                    labels=gt.labels,
                    class_scores=score,
                    detected=torch.ones_like(gt.labels, dtype=torch.bool),
                    gt_inds=index,
                    mask_rows=len(sample.pos_priors) + index,
                    extra_boxes=image,
                )
            )
        return candidates


@TASK_UTILS.register_module()
class Detections:
    """What the detector itself outputs, as at test, false detections included.

    Ground truth that no detection finds falls back to its best sampled RoI.

    Args:
        score_thr: Lowest score.
        match_iou: IoU above which a detection stands for the ground truth.
    """

    def __init__(self, score_thr: float = 0.3, match_iou: float = 0.5) -> None:
        self.score_thr = score_thr
        self.match_iou = match_iou

    def __call__(
        self,
        head: InstanceRoIHead,
        x: tuple[Tensor, ...],
        proposals: InstanceList,
        sampled: list[SamplingResult],
        box_results: dict[str, Tensor],
        gt_instances: InstanceList,
        metas: list[dict],
    ) -> list[Candidates]:
        """Candidates of each image; see :class:`SampledRoIs`."""
        boxes = [image.bboxes for image in proposals]
        detections = self._detect(head, x, boxes, sampled, box_results, metas)
        fallbacks = SampledRoIs()(head, x, proposals, sampled, box_results, gt_instances, metas)
        return [
            match_and_fall_back(*image, self.match_iou)
            for image in zip(detections, fallbacks, gt_instances, sampled, strict=True)
        ]

    def _detect(
        self,
        head: InstanceRoIHead,
        x: tuple[Tensor, ...],
        boxes: list[Tensor],
        sampled: list[SamplingResult],
        box_results: dict[str, Tensor],
        metas: list[dict],
    ) -> InstanceList:
        """Detections from all proposals, with ``class_scores`` that have gradients.

        The sampled RoIs alone would not do: most background is missing among them, and with it
        most of the false detections that testing sees. The box head has seen them already, so that
        their results are taken from ``box_results``. The other proposals pass it without gradients,
        in chunks, and those that become detections a second time with gradients.
        """
        rois, counts = bbox2roi(boxes), [len(b) for b in boxes]
        cached = cached_rows(sampled, counts, head.bbox_sampler.add_gt_as_proposals)
        with torch.no_grad():
            computed = [head._bbox_forward(x, part) for part in rois[cached < 0].split(_CHUNK)]
            scores, deltas = (
                gather_cached(
                    box_results[key].detach(), torch.cat([part[key] for part in computed]), cached
                ).split(counts)
                for key in ("cls_score", "bbox_pred")
            )
            raw = head.bbox_head.predict_by_feat(rois.split(counts), scores, deltas, metas)
            kept = [head.suppress(image, self.score_thr) for image in raw]
        starts = [sum(counts[:i]) for i in range(len(counts))]
        # Rows of the detections among the proposals of all images.
        picked = torch.cat(
            [proposal + start for (_, _, proposal), start in zip(kept, starts, strict=True)]
        )
        cached = cached[picked]
        again = head._bbox_forward(x, rois[picked[cached < 0]])["cls_score"]
        scores = gather_cached(box_results["cls_score"], again, cached).softmax(-1)
        parts = scores.split([len(labels) for _, labels, _ in kept])
        return [
            InstanceData(bboxes=bboxes, labels=labels, class_scores=part)
            for (bboxes, labels, _), part in zip(kept, parts, strict=True)
        ]


def best_rois(sample: SamplingResult, num_gt: int, class_scores: Tensor, count: int) -> Candidates:
    """The ``count`` sampled RoIs of each ground-truth instance that overlap it most.

    Args:
        sample: Sampled RoIs of one image, positive ones first.
        num_gt: G.
        class_scores: (R, T + 1) class probabilities of all sampled RoIs.
        count: RoIs per instance.

    Returns:
        Candidates in the order of the ground truth; ground-truth boxes that the sampler added are
        taken only where nothing else is left.
    """
    boxes = get_box_tensor(sample.pos_priors)
    gt_inds = sample.pos_assigned_gt_inds
    iou = bbox_overlaps(boxes, get_box_tensor(sample.pos_gt_bboxes), is_aligned=True)
    iou = torch.where(sample.pos_is_gt.bool(), iou - 1, iou)
    picked = []
    for g in range(num_gt):
        of_g = (gt_inds == g).nonzero().flatten()
        picked.append(of_g[iou[of_g].argsort(descending=True)[:count]])
    rows = torch.cat(picked) if picked else gt_inds[:0]
    labels = sample.pos_gt_labels[rows]
    return Candidates(
        bboxes=boxes[rows],
        labels=labels,
        class_scores=class_scores[: len(boxes)][rows],
        detected=torch.ones_like(labels, dtype=torch.bool),
        gt_inds=gt_inds[rows],
        mask_rows=rows,
        extra_boxes=boxes[:0],
    )


def match_and_fall_back(
    detections: InstanceData,
    rois: Candidates,
    gt: InstanceData,
    sample: SamplingResult,
    match_iou: float,
) -> Candidates:
    """Detections with their ground truth, plus a RoI for each instance that none of them finds.

    Args:
        detections: ``bboxes``, ``labels`` and ``class_scores`` of one image, by falling score.
        rois: The best sampled RoI of each ground-truth instance.
        gt: Ground truth of the image.
        sample: Its sampled RoIs.
        match_iou: IoU above which a detection stands for the ground truth.
    """
    boxes, labels = detections.bboxes, detections.labels
    iou = bbox_overlaps(boxes, get_box_tensor(gt.bboxes).float())
    gt_inds = match_instances(iou, labels, gt.labels, match_iou)
    missed = ~torch.isin(rois.gt_inds, gt_inds)
    detected = torch.arange(len(labels) + int(missed.sum()), device=labels.device) < len(labels)
    rows = len(sample.pos_priors) + torch.arange(len(labels), device=labels.device)
    return Candidates(
        bboxes=torch.cat([boxes, rois.bboxes[missed]]),
        labels=torch.cat([labels, rois.labels[missed]]),
        class_scores=torch.cat([detections.class_scores, rois.class_scores[missed]]),
        detected=detected,
        gt_inds=torch.cat([gt_inds, rois.gt_inds[missed]]),
        mask_rows=torch.cat([rows, rois.mask_rows[missed]]),
        extra_boxes=boxes,
    )
