"""Strategies that choose which instances make the canvases in training: the paper does not say.

A strategy is a callable: a :class:`TrainingStep` in, the :class:`Candidates` of each image out.
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
"""RoIs that the box head processes at a time without gradients; more take more memory."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """N training instances of one image before the mask head has run.

    The first fields are those of :class:`mmhps.models.instances.Instances`.
    """

    bboxes: Tensor
    labels: Tensor
    detected: Tensor
    gt_inds: Tensor
    class_scores: Tensor  # (N, T + 1) probabilities with gradient, background last
    mask_rows: Tensor  # (N,) where its masks are: row p of the P positive RoIs, P + e for extra e
    extra_boxes: Tensor  # (E, 4) that the mask head sees in addition to the positive RoIs

    def matched(self, num_positive: int) -> Candidates:
        """The candidates that match a ground truth, without the extra boxes of the others.

        Args:
            num_positive: P.
        """
        kept = self.gt_inds >= 0
        rows = self.mask_rows[kept]
        extra = rows >= num_positive
        # Each extra box is of one candidate, so those that remain are numbered anew.
        numbers = num_positive + extra.cumsum(0) - 1
        return Candidates(
            bboxes=self.bboxes[kept],
            labels=self.labels[kept],
            detected=self.detected[kept],
            gt_inds=self.gt_inds[kept],
            class_scores=self.class_scores[kept],
            mask_rows=torch.where(extra, numbers, rows),
            extra_boxes=self.extra_boxes[rows[extra] - num_positive],
        )


@dataclass(frozen=True, eq=False)
class TrainingStep:
    """What a strategy may use; lists have one entry per image."""

    head: InstanceRoIHead
    x: tuple[Tensor, ...]  # FPN features
    boxes: list[Tensor]  # proposals (P, 4)
    sampled: list[SamplingResult]
    box_results: dict[str, Tensor]  # cls_score and bbox_pred of all sampled RoIs
    gt_instances: InstanceList
    metas: list[dict]


@TASK_UTILS.register_module()
class SampledRoIs:
    """The best sampled RoIs of each ground-truth instance.

    Args:
        per_instance: How many RoIs each instance averages.
    """

    def __init__(self, per_instance: int = 1) -> None:
        self.per_instance = per_instance

    def __call__(self, step: TrainingStep) -> list[Candidates]:
        """See the class."""
        scores = step.box_results["cls_score"].split([len(s.priors) for s in step.sampled])
        return [
            best_rois(sample, len(gt), score.softmax(-1), self.per_instance)
            for sample, gt, score in zip(step.sampled, step.gt_instances, scores, strict=True)
        ]


@TASK_UTILS.register_module()
class GroundTruthBoxes:
    """Ground-truth instances in their own boxes: canvases of a perfect detector.

    Args:
        keep: Share of the instances of an image that are kept, in 0..1 (rounded down, at least
            one), drawn anew in each step. UPSNet keeps 0.7, so that a fusion sees things without an
            instance.

    Raises:
        ValueError: ``keep`` is not in 0..1.
    """

    def __init__(self, keep: float = 1.0) -> None:
        if not 0 < keep <= 1:
            raise ValueError(f"keep: expected a share above 0 and up to 1, got {keep}. Correct it.")
        self.keep = keep

    def __call__(self, step: TrainingStep) -> list[Candidates]:
        """See the class."""
        kept = [self._kept(gt.labels) for gt in step.gt_instances]
        boxes = [
            get_box_tensor(gt.bboxes).float()[numbers]
            for gt, numbers in zip(step.gt_instances, kept, strict=True)
        ]
        scores = step.head._bbox_forward(step.x, bbox2roi(boxes))["cls_score"].softmax(-1)
        scores = scores.split([len(image) for image in boxes])
        return [
            Candidates(
                bboxes=image,
                labels=gt.labels[numbers],
                class_scores=score,
                detected=torch.ones_like(numbers, dtype=torch.bool),
                gt_inds=numbers,
                mask_rows=len(sample.pos_priors) + torch.arange(len(image), device=image.device),
                extra_boxes=image,
            )
            for image, gt, score, numbers, sample in zip(
                boxes, step.gt_instances, scores, kept, step.sampled, strict=True
            )
        ]

    def _kept(self, labels: Tensor) -> Tensor:
        """The numbers of the instances that are kept, in their order."""
        if self.keep == 1:
            return torch.arange(len(labels), device=labels.device)
        count = max(int(self.keep * len(labels)), 1)
        return torch.randperm(len(labels), device=labels.device)[:count].sort().values


@TASK_UTILS.register_module()
class Detections:
    """What the detector itself outputs, as at test time, false detections included.

    Ground truth that no detection finds falls back to its best sampled RoI.

    Args:
        score_thr: Lowest score.
        match_iou: IoU above which a detection stands for the ground truth.
        max_proposals: How many proposals of each image, the RPN's surest, may become detections
            besides the sampled RoIs; None for all. Fewer make a step faster.

    Raises:
        ValueError: ``max_proposals`` is negative.
    """

    def __init__(
        self, score_thr: float = 0.3, match_iou: float = 0.5, max_proposals: int | None = None
    ) -> None:
        if max_proposals is not None and max_proposals < 0:
            raise ValueError(
                f"max_proposals: expected 0 or more, or None for all, got {max_proposals}."
            )
        self.score_thr = score_thr
        self.match_iou = match_iou
        self.max_proposals = max_proposals

    def __call__(self, step: TrainingStep) -> list[Candidates]:
        """See the class."""
        images = zip(
            self._detect(step), SampledRoIs()(step), step.gt_instances, step.sampled, strict=True
        )
        return [match_and_fall_back(*image, self.match_iou) for image in images]

    def _detect(self, step: TrainingStep) -> InstanceList:
        """Detect instances among all proposals, with ``class_scores`` that have gradients.

        The sampled RoIs alone would not suffice: they lack most of the background, and with it most
        of the false detections that occur in testing. The box head has processed them already, so
        their results are taken from ``box_results``. It processes the other proposals without
        gradients, in chunks, and those that become detections once more with gradients.
        """
        head, x, known = step.head, step.x, step.box_results
        counts = [len(boxes) for boxes in step.boxes]
        cached = cached_rows(step.sampled, counts, head.bbox_sampler.add_gt_as_proposals).split(
            counts
        )
        asked = [self._asked(rows) for rows in cached]
        rois = bbox2roi([b[rows] for b, rows in zip(step.boxes, asked, strict=True)])
        counts = [int(rows.sum()) for rows in asked]
        cached = torch.cat([c[rows] for c, rows in zip(cached, asked, strict=True)])
        with torch.no_grad():
            computed = [head._bbox_forward(x, part) for part in rois[cached < 0].split(_CHUNK)]
            scores, deltas = (
                gather_cached(
                    known[key].detach(), torch.cat([part[key] for part in computed]), cached
                ).split(counts)
                for key in ("cls_score", "bbox_pred")
            )
            raw = head.bbox_head.predict_by_feat(rois.split(counts), scores, deltas, step.metas)
            kept = [head.suppress(image, self.score_thr) for image in raw]
        starts = [sum(counts[:i]) for i in range(len(counts))]
        # Rows of the detections among the asked proposals of all images.
        picked = torch.cat(
            [proposal + start for (_, _, proposal), start in zip(kept, starts, strict=True)]
        )
        cached = cached[picked]
        again = head._bbox_forward(x, rois[picked[cached < 0]])["cls_score"]
        scores = gather_cached(known["cls_score"], again, cached).softmax(-1)
        parts = scores.split([len(labels) for _, labels, _ in kept])
        return [
            InstanceData(bboxes=bboxes, labels=labels, class_scores=part)
            for (bboxes, labels, _), part in zip(kept, parts, strict=True)
        ]

    def _asked(self, cached: Tensor) -> Tensor:
        """Which proposals of an image, by falling score, the box head is asked about, (P,) bool."""
        asked = cached >= 0
        asked[: self.max_proposals] = True
        return asked


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
