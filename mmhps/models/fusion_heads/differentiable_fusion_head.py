"""The differentiable fusion head of section 3.1, with its loss and its prediction."""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from mmdet.models.seg_heads.panoptic_fusion_heads import BasePanopticFusionHead
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.utils import InstanceList, OptConfigType, OptMultiConfig
from mmengine.structures import InstanceData, PixelData
from torch import Tensor

from mmhps.functional import (
    INSTANCE_OFFSET,
    Layer,
    Resampled,
    dense_argmax,
    fused_argmax,
    ground_truth_order,
    ignore_uncovered,
    merge_groups,
    merge_layers,
    not_hidden,
    panoptic_logits,
    panoptic_loss,
    panoptic_target,
    paste_windows,
    stuff_log_probabilities,
    weighted_mean,
)

from ..utils import output_boxes


@MODELS.register_module()
class DifferentiableFusionHead(BasePanopticFusionHead):
    """One softmax over the stuff classes and the instances of an image.

    It has no weights. An instance's canvas holds ``mask_scale * mask logit + score_weight *
    log(score)`` inside its box and ``empty`` outside of it.

    Args:
        num_things_classes: T.
        num_stuff_classes: S.
        mask_scale: Factor from mask logits to the scale of the stuff values.
        scale_gradient: Let it scale the gradient of the mask logits as well. The panoptic loss then
            has as much to say on a mask as the mask loss.
        score_weight: Factor of the log score; 0 leaves the detector's confidence out.
        stuff_values: What canvases compete with: ``'log_probabilities'``, those of the semantic
            branch's softmax over all T + S classes, or its bare ``'logits'``. With the former,
            stuff gives way where the semantic branch itself sees a thing.
        empty: What a canvas holds outside of its box, in training; finite for bare logits only.
            At test an instance never claims pixels outside of its box.
        merge_iou: At test, canvases of one class whose masks overlap by more are merged.
        void_things: At test, pixels that the semantic branch takes for a thing, and that no
            instance claims, become void, as in the heuristic merge. Otherwise they are stuff.
        false_detections: Let detections that match no ground truth compete in the panoptic loss,
            which pushes their masks and scores down.
        loss_weight: Weight of the panoptic loss.
        segment_power: The panoptic loss weighs a pixel by ``area ** -segment_power`` of its
            segment; 0 is plain cross-entropy.
        test_cfg: The options of the heuristic merge, with the same meaning. ``mask_overlap``: an
            instance drops out if instances of a higher score hide a larger share of its mask.
            ``stuff_area_limit``: smaller stuff becomes void, in pixels of the output.
        init_cfg: Unused; there are no weights.
    """

    def __init__(
        self,
        num_things_classes: int = 8,
        num_stuff_classes: int = 11,
        mask_scale: float = 4.0,
        scale_gradient: bool = False,
        score_weight: float = 1.0,
        stuff_values: str = "log_probabilities",
        empty: float = -torch.inf,
        merge_iou: float = 0.5,
        void_things: bool = True,
        false_detections: bool = False,
        loss_weight: float = 0.5,
        segment_power: float = 0.5,
        test_cfg: OptConfigType = None,
        init_cfg: OptMultiConfig = None,
    ) -> None:
        super().__init__(num_things_classes, num_stuff_classes, test_cfg or {}, init_cfg=init_cfg)
        if stuff_values not in ("logits", "log_probabilities"):
            raise ValueError(
                f"stuff_values must be 'logits' or 'log_probabilities', got {stuff_values!r}"
            )
        self.mask_scale = mask_scale
        self.scale_gradient = scale_gradient
        self.score_weight = score_weight
        self.stuff_values = stuff_values
        self.empty = empty
        self.merge_iou = merge_iou
        self.void_things = void_things
        self.false_detections = false_detections
        self.loss_weight = loss_weight
        self.segment_power = segment_power

    def loss(
        self, instances: InstanceList, seg_logits: Tensor, batch_data_samples: SampleList
    ) -> dict[str, Tensor]:
        """The panoptic loss at the resolution of the semantic logits.

        Args:
            instances: Per image with ``canvases``, ``cover``, ``scores`` and ``gt_inds``.
            seg_logits: (B, T + S, h, w).
            batch_data_samples: With ``gt_panoptic_seg`` (1, H, W) and ``gt_instances``.

        Returns:
            ``{'loss_panoptic': ...}``, the mean over the images.
        """
        losses = []
        for image, logits, sample in zip(instances, seg_logits, batch_data_samples, strict=True):
            if not self.false_detections:
                image = image[image.gt_inds >= 0]
            slots, lookup = ground_truth_order(image.gt_inds, len(sample.gt_instances))
            gt = _shrink(
                sample.gt_panoptic_seg.sem_seg, sample.batch_input_shape, logits.shape[-2:]
            )
            target = panoptic_target(gt, lookup, self.num_things_classes, self.num_stuff_classes)
            canvases, cover = self._ordered_canvases(image, slots)
            target = ignore_uncovered(target, cover, self.num_stuff_classes)
            fused = panoptic_logits(self._stuff(logits), canvases)
            losses.append(panoptic_loss(fused, target, self.segment_power))
        return dict(loss_panoptic=self.loss_weight * torch.stack(losses).mean())

    def predict(
        self,
        instances: InstanceList,
        seg_preds: list[Resampled],
        batch_img_metas: list[dict],
        rescale: bool = True,
    ) -> list[PixelData]:
        """Fuse instances and semantics into panoptic maps.

        Args:
            instances: Per image from ``InstanceRoIHead.predict_instances``.
            seg_preds: Per image (T + S, h, w) semantic logits, to be read at the size (H, W) of
                the output.
            batch_img_metas: Meta information of the images.
            rescale: Whether that is the original size of the image.

        Returns:
            Per image ``sem_seg`` (1, H, W) int32: ``label + 1000 * instance`` for things, the
            label for stuff, T + S for void. The meta information ``instance_scores`` lists the
            scores of the instances 1, 2, …, of which some may have no pixel.
        """
        results = []
        for image, logits, meta in zip(instances, seg_preds, batch_img_metas, strict=True):
            boxes = output_boxes(image.bboxes, meta, rescale)
            layers = paste_windows(image.mask_logits, boxes, logits.size)
            ids, scores = self._fuse(layers, image, logits)
            metainfo = dict(instance_scores=scores.tolist())
            results.append(PixelData(sem_seg=ids[None], metainfo=metainfo))
        return results

    def _stuff(self, seg_logits: Tensor) -> Tensor:
        """(T + S, H, W) -> (S, H, W): what the canvases compete with."""
        if self.stuff_values == "log_probabilities":
            return stuff_log_probabilities(seg_logits, self.num_things_classes)
        return seg_logits[self.num_things_classes :].float()

    def _offsets(self, scores: Tensor) -> Tensor:
        return self.score_weight * scores.float().clamp(min=1e-6).log()

    def _scaled(self, canvases: Tensor) -> Tensor:
        """Canvases times ``mask_scale``, with their own gradient unless ``scale_gradient``."""
        if self.scale_gradient:
            return self.mask_scale * canvases
        return canvases + (self.mask_scale - 1) * canvases.detach()

    def _ordered_canvases(self, image: InstanceData, slots: Tensor) -> tuple[Tensor, Tensor]:
        """Canvases (K, h, w) in the ground truth's order, and what their boxes cover.

        Those of one instance are averaged.
        """
        member = (slots[:, None] == slots.unique()[None, :]).float()
        canvases = weighted_mean(image.canvases, member, image.cover)
        scores = (member * image.scores[:, None]).sum(dim=0) / member.sum(dim=0)
        cover = weighted_mean(image.cover, member) > 0
        filled = self._scaled(canvases) + self._offsets(scores)[:, None, None]
        return torch.where(cover, filled, self.empty), cover

    def _fuse(
        self, layers: list[Layer], image: InstanceData, logits: Resampled
    ) -> tuple[Tensor, Tensor]:
        """Panoptic ids (H, W) of one image, and the scores of its instances."""
        groups = merge_groups(layers, image.labels, self.merge_iou)
        layers, leaders = merge_layers(layers, groups, image.scores)
        keep = not_hidden(layers, logits.size, self.test_cfg.get("mask_overlap", 0.5))
        layers = [layer for layer, kept in zip(layers, keep.tolist(), strict=True) if kept]
        labels, scores = image.labels[leaders][keep], image.scores[leaders][keep]
        decide = fused_argmax
        if self.stuff_values == "logits":
            decide = partial(dense_argmax, bare_logits=True)
        winner = decide(
            logits,
            self.num_things_classes,
            layers,
            self.mask_scale,
            self._offsets(scores),
            self.void_things,
        )
        return self._to_ids(winner, labels), scores

    def _to_ids(self, winner: Tensor, labels: Tensor) -> Tensor:
        """Stuff, instances and void, as numbered by the arg max, to ids; small stuff to void."""
        stuff_labels = torch.arange(self.num_things_classes, self.num_classes, device=labels.device)
        instance = torch.arange(1, len(labels) + 1, device=labels.device)
        void = stuff_labels.new_tensor([self.num_classes])
        table = torch.cat([stuff_labels, labels + INSTANCE_OFFSET * instance, void])
        area = torch.bincount(winner.flatten(), minlength=len(table))
        small = area < self.test_cfg.get("stuff_area_limit", 0)
        small[self.num_stuff_classes :] = False
        table[small] = self.num_classes
        return table.int().index_select(0, winner.flatten()).view_as(winner)


def _shrink(gt: Tensor, padded: tuple[int, int], size: tuple[int, int]) -> Tensor:
    """Pad an id map (1, H, W) with void to the batch's size and sample it at (h, w) centres."""
    height, width = gt.shape[-2:]
    gt = F.pad(gt, (0, padded[1] - width, 0, padded[0] - height), value=255)
    # Nearest neighbours of float32 are exact for ids below 2 ** 24.
    return F.interpolate(gt[None].float(), size, mode="nearest-exact")[0, 0].long()
