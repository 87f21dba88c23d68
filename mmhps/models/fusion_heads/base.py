"""The fusion protocol: everything that follows from one dense definition of the panoptic logits.

Shapes: T thing and S stuff classes, N instances, h x w semantic logits, H x W output.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from mmdet.structures import SampleList
from mmengine.model import BaseModule
from mmengine.structures import PixelData
from torch import Tensor

from mmhps.functional import (
    Layer,
    Resampled,
    class_confidence,
    cut_layers,
    ground_truth_order,
    ignore_uncovered,
    merge_groups,
    merge_layers,
    not_hidden,
    panoptic_argmax,
    panoptic_loss,
    panoptic_target,
    paste_windows,
    shrink_ids,
    window_boxes,
    winner_ids,
)

from ..instances import Canvases, Instances, output_boxes

_TEST_OPTIONS = ("mask_overlap", "stuff_area_limit", "stuff_score_thr")
_STRIP = 1 << 17
"""Output pixels decided at a time by the dense definition, to bound its memory."""


class FusionHead(BaseModule):
    """Base of all fusions: a subclass defines :meth:`forward`, the logits of stuff and instances.

    Target, loss, prediction, duplicates and ids are derived from it here. A subclass may override
    :meth:`decide` by something faster with the same result, revise the winners in :meth:`revise`,
    and have weights and further losses.

    Args:
        num_things_classes: T.
        num_stuff_classes: S.
        loss_weight: Weight of the panoptic loss; with 0, the fusion serves testing only and has no
            loss.
        segment_power: The panoptic loss weighs a pixel by ``area ** -segment_power`` of its
            segment; 0 is plain cross-entropy.
        false_detections: Let detections that match no ground truth compete in the panoptic loss,
            which pushes their masks and scores down.
        merge_iou: At test time, canvases of one class are merged if the IoU of their masks is
            higher.
        void_things: At test time, pixels that the semantic branch classifies as a thing, but that
            no instance claims, become void. Otherwise they get the best stuff class.
        hidden_within_class: At test time, only instances of its own class hide an instance.
        test_cfg: ``mask_overlap`` (default 0.5): an instance is dropped if instances with
            higher scores hide a larger share of its mask. ``stuff_area_limit`` (default 0): stuff
            segments with fewer pixels in the output become void. ``stuff_score_thr`` (default 0):
            so do those of which the semantic branch is less sure, see
            :func:`mmhps.functional.class_confidence`.

    Attributes:
        unknown: Whether :meth:`forward` returns one more channel, the last one, for things without
            an instance. It learns from ground truth without an instance, and is void at test.

    Raises:
        TypeError: ``test_cfg`` has another key.
    """

    unknown = False

    def __init__(
        self,
        num_things_classes: int = 8,
        num_stuff_classes: int = 11,
        *,
        loss_weight: float = 0.5,
        segment_power: float = 0.5,
        false_detections: bool = False,
        merge_iou: float = 0.5,
        void_things: bool = True,
        hidden_within_class: bool = False,
        test_cfg: Mapping | None = None,
    ) -> None:
        super().__init__()
        unknown = set(test_cfg or {}) - set(_TEST_OPTIONS)
        if unknown:
            raise TypeError(
                f"test_cfg.panoptic: expected {', '.join(_TEST_OPTIONS)}, got {sorted(unknown)}. "
                f"Remove or correct it."
            )
        self.num_things_classes = num_things_classes
        self.num_stuff_classes = num_stuff_classes
        self.num_classes = num_things_classes + num_stuff_classes
        self.loss_weight = loss_weight
        self.segment_power = segment_power
        self.false_detections = false_detections
        self.merge_iou = merge_iou
        self.void_things = void_things
        self.hidden_within_class = hidden_within_class
        self.test_cfg = test_cfg or {}

    @property
    def uses_unmatched(self) -> bool:
        """Whether :meth:`loss` looks at detections that match no ground truth."""
        return self.false_detections

    def forward(self, canvases: Canvases, semantic_logits: Tensor) -> Tensor:
        """Compute the panoptic logits of one image, which define the fusion.

        Args:
            canvases: N instances (h, w).
            semantic_logits: (T + S, h, w).

        Returns:
            (S + N, h, w) float32: stuff, then instances, and with ``unknown`` one more. Their
            softmax is the panoptic probability. Outside of an instance's box any value is allowed:
            at test time it is ignored.
        """
        raise NotImplementedError

    def loss(
        self,
        instances: Sequence[Instances],
        canvases: Sequence[Canvases],
        semantic_logits: Tensor,
        batch_data_samples: SampleList,
    ) -> dict[str, Tensor]:
        """Compute the panoptic loss at the resolution of the semantic logits.

        Args:
            instances: Per image.
            canvases: Per image those of its instances.
            semantic_logits: (B, T + S, h, w).
            batch_data_samples: With ``gt_panoptic_seg`` (1, H, W) and ``gt_instances``.

        Returns:
            ``{'loss_panoptic': ...}``, the mean over the images; empty if ``loss_weight`` is 0.
        """
        if not self.loss_weight:
            return {}
        images = zip(instances, canvases, semantic_logits, batch_data_samples, strict=True)
        losses = [self._image_loss(*image) for image in images]
        return dict(loss_panoptic=self.loss_weight * torch.stack(losses).mean())

    def _image_loss(
        self, instances: Instances, canvases: Canvases, logits: Tensor, sample
    ) -> Tensor:
        gt_inds = instances.gt_inds
        if not self.false_detections:
            matched = gt_inds >= 0
            gt_inds, canvases = gt_inds[matched], canvases[matched]
        slots, lookup = ground_truth_order(gt_inds, len(sample.gt_instances))
        gt = sample.gt_panoptic_seg.sem_seg[0]
        gt = shrink_ids(gt, sample.batch_input_shape, tuple(logits.shape[-2:]))
        ordered = canvases.merged(slots)
        target = panoptic_target(
            gt,
            lookup,
            self.num_things_classes,
            self.num_stuff_classes,
            unknown=self.num_stuff_classes + len(ordered) if self.unknown else None,
        )
        target = ignore_uncovered(target, ordered.cover, self.num_stuff_classes)
        return panoptic_loss(self(ordered, logits), target, self.segment_power)

    def predict(
        self,
        instances: Sequence[Instances],
        semantic_logits: Sequence[Resampled],
        batch_img_metas: Sequence[dict],
        rescale: bool = True,
    ) -> list[PixelData]:
        """Fuse instances and semantics into panoptic maps.

        Args:
            instances: Per image, by falling score.
            semantic_logits: Per image (T + S, h, w), to be read at the size (H, W) of the output.
            batch_img_metas: Meta information of the images.
            rescale: Whether that is the original size of the image.

        Returns:
            Per image ``sem_seg`` (1, H, W) int32: ``label + 1000 * instance`` for things, the
            label for stuff, T + S for void. The meta information ``instance_scores`` lists the
            scores of the instances 1, 2, …, of which some may have no pixel.
        """
        results = []
        for image, logits, meta in zip(instances, semantic_logits, batch_img_metas, strict=True):
            boxes = output_boxes(image.bboxes, meta, rescale)
            layers = paste_windows(image.mask_logits, boxes, logits.size)
            results.append(self.fuse(layers, image.labels, image.scores, logits))
        return results

    def fuse(
        self, layers: Sequence[Layer], labels: Tensor, scores: Tensor, logits: Resampled
    ) -> PixelData:
        """Fuse one image: merge duplicates, drop hidden instances, decide each pixel.

        Args:
            layers: N windows by falling score, see :func:`mmhps.functional.paste_windows`.
            labels: (N,).
            scores: (N,).
            logits: (T + S, h, w), to be read at (H, W).
        """
        groups = merge_groups(layers, labels, self.merge_iou)
        layers, leaders = merge_layers(layers, groups, scores)
        hiding = labels[leaders] if self.hidden_within_class else None
        keep = not_hidden(layers, logits.size, self.test_cfg.get("mask_overlap", 0.5), hiding)
        layers = [layer for layer, kept in zip(layers, keep.tolist(), strict=True) if kept]
        labels, scores = labels[leaders][keep], scores[leaders][keep]
        winner = self.revise(self.decide(layers, labels, scores, logits), labels, logits)
        ids = winner_ids(
            winner,
            labels,
            self.num_things_classes,
            self.num_stuff_classes,
            stuff_area_limit=self.test_cfg.get("stuff_area_limit", 0),
            unsure=self._unsure_stuff(logits),
        )
        return PixelData(sem_seg=ids[None], metainfo=dict(instance_scores=scores.tolist()))

    def decide(
        self, layers: Sequence[Layer], labels: Tensor, scores: Tensor, logits: Resampled
    ) -> Tensor:
        """Decide which channel wins each output pixel, by the dense definition.

        Args:
            layers: N windows without duplicates.
            labels: (N,).
            scores: (N,).
            logits: (T + S, h, w), to be read at (H, W).

        Returns:
            (H, W) integers: 0..S-1 for stuff, S + n for instance n, S + N for void.
        """
        height, width = logits.size
        boxes = window_boxes(layers).to(scores.device)
        winner = torch.empty(logits.size, dtype=torch.int32, device=scores.device)
        for top in range(0, height, step := max(_STRIP // max(width, 1), 1)):
            rows = slice(top, min(top + step, height))
            size = (rows.stop - rows.start, width)
            canvases = Canvases.of_layers(cut_layers(layers, rows), labels, scores, boxes, size)
            semantic = logits.strip(rows).dense()
            fused = self(canvases, semantic)
            instances = fused[self.num_stuff_classes :][: len(layers)]
            instances.masked_fill_(~canvases.cover, -torch.inf)
            if not self.num_stuff_classes:  # an instance claims what its canvas is above 0 on
                highest = torch.cat([fused.new_zeros(1, *size), fused]).argmax(0)
                winner[rows] = torch.where(highest > 0, highest - 1, len(layers)).int()
                continue
            unclaimed = semantic.argmax(0) < self.num_things_classes
            decided = panoptic_argmax(
                fused, self.num_stuff_classes, unclaimed if self.void_things else None
            )
            # Unknown things are void, too.
            winner[rows] = decided.clamp(max=self.num_stuff_classes + len(layers))
        return winner

    def revise(self, winner: Tensor, labels: Tensor, logits: Resampled) -> Tensor:
        """Change what :meth:`decide` returned, before small stuff becomes void; by default nothing.

        Args:
            winner: (H, W), see :meth:`decide`.
            labels: (N,).
            logits: (T + S, h, w), to be read at (H, W).

        Returns:
            (H, W), numbers as those of :meth:`decide`.
        """
        return winner

    def _unsure_stuff(self, logits: Resampled) -> Tensor | None:
        """(S,) bool: the stuff classes that the semantic branch is not sure of; None: not asked."""
        threshold = self.test_cfg.get("stuff_score_thr", 0.0)
        if not threshold:
            return None
        return class_confidence(logits)[self.num_things_classes :] < threshold
