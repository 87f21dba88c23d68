"""Detection with operations that can be exported: proposals, boxes, masks of one image.

The same as MMDetection's heads in testing, whose Python depends on values of tensors. Shapes: P
proposals, N instances, T thing classes, M x M masks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from .operators import nms, roi_align
from .preprocessing import Size

__all__ = ["Detections", "class_masks", "detections", "proposals"]


class Detections(NamedTuple):
    """The N detections of an image, by falling score."""

    boxes: Tensor
    """(N, 4) as x1, y1, x2, y2 in pixels of the network's input."""
    labels: Tensor
    """(N,) int64."""
    scores: Tensor
    """(N,) in 0..1."""


def proposals(head: nn.Module, features: Sequence[Tensor], shown: Size) -> Tensor:
    """The proposals of an RPN head.

    Args:
        head: MMDetection's ``RPNHead``.
        features: FPN features of one image.
        shown: Size of the image in the network's input.

    Returns:
        (P, 4), by falling score.
    """
    cfg = head.test_cfg
    parts = []
    for level, (scores, deltas) in enumerate(zip(*head(features), strict=True)):
        values = scores[0].permute(1, 2, 0).flatten().sigmoid()
        deltas = deltas[0].permute(1, 2, 0).reshape(-1, 4)
        anchors = _anchors(head.prior_generator, level, scores.shape[-2:])
        if cfg.nms_pre > 0:
            number = torch.as_tensor(values.shape[0]).clamp(max=cfg.nms_pre)
            values, best = values.topk(number)
            anchors, deltas = anchors[best], deltas[best]
        parts.append((values, anchors, deltas, torch.full_like(values, level)))
    scores, anchors, deltas, levels = (torch.cat(part) for part in zip(*parts, strict=True))
    boxes = decoded(head.bbox_coder, anchors, deltas, shown)
    if cfg.get("min_bbox_size", -1) >= 0:
        sides = boxes[:, 2:] - boxes[:, :2]
        large = (sides > cfg.min_bbox_size).all(dim=1)
        boxes, scores, levels = boxes[large], scores[large], levels[large]
    return boxes[_suppressed(boxes, scores, levels, cfg.nms)[: cfg.max_per_img]]


def detections(
    head: nn.Module, features: Sequence[Tensor], boxes: Tensor, shown: Size
) -> Detections:
    """Classify and refine proposals, and suppress overlapping ones.

    Args:
        head: MMDetection's ``StandardRoIHead``.
        features: FPN features of one image.
        boxes: (P, 4) proposals.
        shown: Size of the image in the network's input.
    """
    cfg, box_head = head.test_cfg, head.bbox_head
    pooled = pooled_features(head.bbox_roi_extractor, features, boxes)
    class_scores, deltas = box_head(pooled)
    scores = class_scores.softmax(dim=1)[:, :-1]
    classes = box_head.num_classes
    if box_head.reg_class_agnostic:
        deltas = deltas.repeat(1, classes)
    proposal, labels = (scores > cfg.score_thr).nonzero().unbind(dim=1)
    chosen = proposal * classes + labels
    refined = decoded(box_head.bbox_coder, boxes[proposal], deltas.reshape(-1, 4)[chosen], shown)
    values = scores.flatten()[chosen]
    kept = _suppressed(refined, values, labels, cfg.nms)
    if cfg.max_per_img > 0:
        kept = kept[: cfg.max_per_img]
    return Detections(refined[kept], labels[kept], values[kept])


def class_masks(head: nn.Module, features: Sequence[Tensor], found: Detections) -> Tensor:
    """Mask logits of the detections' classes, (N, M, M): Eq. (1) in testing."""
    masks = head.mask_head(pooled_features(head.mask_roi_extractor, features, found.boxes))
    index = torch.arange(found.labels.shape[0]) * head.mask_head.num_classes + found.labels
    return masks.flatten(0, 1)[index]


def pooled_features(extractor: nn.Module, features: Sequence[Tensor], boxes: Tensor) -> Tensor:
    """Pool boxes (N, 4) from the pyramid level that fits their size, (N, C, K, K).

    Args:
        extractor: MMDetection's ``SingleRoIExtractor`` or a subclass.
        features: FPN features, of which those of the extractor's strides are used.
        boxes: (N, 4).
    """
    layers = extractor.roi_layers
    side = ((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).sqrt()
    level = (side / extractor.finest_scale + 1e-6).log2().floor().clamp(0, len(layers) - 1)
    parts, places = [], []
    for i, layer in enumerate(layers):
        place = (level == i).nonzero().flatten()
        pooled = roi_align(
            features[i],
            boxes[place],
            layer.output_size[0],
            layer.spatial_scale,
            layer.sampling_ratio,
        )
        parts.append(pooled)
        places.append(place)
    order = torch.cat(places)
    # Where each box went: the inverse of the order.
    found = torch.zeros_like(order).scatter(0, order, torch.arange(order.shape[0]))
    return torch.cat(parts)[found]


def decoded(coder: object, boxes: Tensor, deltas: Tensor, shown: Size) -> Tensor:
    """Apply the deltas of a ``DeltaXYWHBBoxCoder`` to boxes, and clip them to the image.

    Args:
        coder: The coder.
        boxes: (N, 4).
        deltas: (N, 4).
        shown: (H, W) to clip to.
    """
    deltas = deltas * torch.tensor(coder.stds) + torch.tensor(coder.means)
    largest = abs(math.log(16 / 1000))
    centre = (boxes[:, :2] + boxes[:, 2:]) * 0.5
    sides = boxes[:, 2:] - boxes[:, :2]
    centre = centre + sides * deltas[:, :2]
    half = sides * deltas[:, 2:].clamp(-largest, largest).exp() * 0.5
    corners = torch.cat([centre - half, centre + half], dim=1)
    if not coder.clip_border:
        return corners
    height, width = (side.float() for side in shown)
    return torch.minimum(corners.clamp(min=0), torch.stack([width, height, width, height]))


def _anchors(generator: object, level: int, size: tuple[int, int]) -> Tensor:
    """All anchors of a level, (h * w * A, 4)."""
    across, down = generator.strides[level]
    base = generator.base_anchors[level].cpu()
    x = (torch.arange(size[1]) * across)[None, :, None]
    y = (torch.arange(size[0]) * down)[:, None, None]
    columns = (base[:, 0] + x, base[:, 1] + y, base[:, 2] + x, base[:, 3] + y)
    shape = torch.zeros_like(x + y, dtype=base.dtype)
    return torch.stack([shape + column for column in columns], dim=-1).reshape(-1, 4)


def _suppressed(boxes: Tensor, scores: Tensor, group: Tensor, cfg: Mapping) -> Tensor:
    """Indices of the boxes that are left by falling score; groups do not suppress each other."""
    if not cfg.get("class_agnostic", False):
        # mmcv moves the groups apart; a 0 more for the case that there is no box.
        edge = torch.cat([boxes.flatten(), boxes.new_zeros(1)]).max() + 1
        boxes = boxes + (group.to(boxes) * edge)[:, None]
    return nms(boxes, scores, cfg["iou_threshold"])
