"""The network from the image to the segments, in operations that can be exported.

Weights and heads are those of the detector; what their Python decides by values of tensors is done
by the functions of this folder. Shapes: T thing and S stuff classes, N instances, K segments.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from mmdet.models.detectors import BaseDetector
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmhps.models import HPS, SemanticPlusInstance
from mmhps.models.instances import Instances

from .claims import Claims, merged, paste, seen, windows_of
from .detection import Detections, class_masks, detections, proposals
from .fusion import interpolated, unsure_stuff, winners
from .preprocessing import Size, as_opencv, normalized, scaled
from .segments import Segments, described, doubtful_stuff, runs_of, segment_names

__all__ = ["ExportableNetwork", "Preprocessing"]


class Preprocessing(NamedTuple):
    """What is done to an image before the network, see :mod:`mmhps.deployment.preprocessing`."""

    scale: tuple[int, int]
    keep_ratio: bool
    mean: tuple[float, ...]
    std: tuple[float, ...]
    reverse: bool
    """Whether the network takes BGR."""
    divisor: int
    pad_value: float


class ExportableNetwork(nn.Module):
    """A detector that takes an image as it is and returns its segments.

    Args:
        detector: HPS, Panoptic FPN or Semantic + Instance in evaluation mode.
        preprocessing: What its test pipeline and data preprocessor do.
        max_pixels: Most pixels that are decided one by one; the maps of larger images are enlarged
            by nearest neighbour. None sets no limit.
    """

    def __init__(
        self, detector: BaseDetector, preprocessing: Preprocessing, max_pixels: int | None = None
    ) -> None:
        super().__init__()
        self.detector = detector
        self.preprocessing = preprocessing
        self.max_pixels = max_pixels

    def forward(self, image: Tensor) -> Segments:
        """Segment an image, (H, W, 3) uint8 RGB."""
        size = tuple(torch.as_tensor(side) for side in image.shape[:2])
        inputs, shown = self._inputs(image, size)
        found, masks, logits = self._parts(inputs, shown)
        output = _limited(size, self.max_pixels)
        padded = tuple(torch.as_tensor(side) for side in inputs.shape[-2:])
        semantic = interpolated(logits, output, shown, padded)
        claims = self._claims(found, masks, shown, output)
        head = self.detector.panoptic_fusion_head
        keep = seen(claims, head.test_cfg.get("mask_overlap", 0.5), _pixels(output))
        winner = winners(head, claims, found.labels, found.scores, keep, semantic)
        winner = winner.reshape(output)
        names = segment_names(head, found, keep)
        runs = runs_of(winner, names)
        unsure = unsure_stuff(head, logits, output, shown, padded)
        doubtful = doubtful_stuff(runs, head, names, unsure)
        return described(winner, runs, names, size, doubtful)

    @property
    def _instances(self) -> BaseDetector:
        """The detector that finds the instances."""
        return getattr(self.detector, "instance_network", self.detector)

    def _inputs(self, image: Tensor, size: Size) -> tuple[Tensor, Size]:
        """The network's input (1, 3, H', W'), and the size of the image in it."""
        todo = self.preprocessing
        shown = scaled(size, todo.scale, todo.keep_ratio)
        image = as_opencv(image, shown)
        if todo.reverse:
            image = image.flip(2)
        return normalized(image, todo.mean, todo.std, todo.divisor, todo.pad_value), shown

    def _parts(self, inputs: Tensor, shown: Size) -> tuple[Detections, Tensor, Tensor]:
        """Detections, their mask logits (N, M, M), and semantic logits (T + S, h, w)."""
        detector = self.detector
        if isinstance(detector, SemanticPlusInstance):
            x, semantic_x = detector.extract_feat(inputs)
            semantic_head = detector.semantic_network.semantic_head
        else:
            x = semantic_x = detector.extract_feat(inputs)
            semantic_head = detector.semantic_head
        instances = self._instances
        boxes = proposals(instances.rpn_head, x, shown)
        found = detections(instances.roi_head, x, boxes, shown)
        masks = class_masks(instances.roi_head, x, found)
        extra = ()
        if isinstance(detector, HPS):
            semantic_x, *extra = self._prior(x, boxes, found, masks, inputs)
        return found, masks, semantic_head(semantic_x, *extra)["seg_preds"][0]

    def _prior(
        self, x: Sequence[Tensor], boxes: Tensor, found: Detections, masks: Tensor, inputs: Tensor
    ) -> tuple[Sequence[Tensor], Tensor | None]:
        """What the semantic head learns about the instances: features and further channels."""
        detector = self.detector
        # One instance more, empty and without a score: what reduces over them never meets none.
        bboxes, labels, scores, masks = (
            torch.cat([part, part.new_zeros(1, *part.shape[1:])]) for part in (*found, masks)
        )
        weights = (labels[:, None] == torch.arange(detector.num_things_classes)).float()
        instances = [Instances(bboxes, labels, scores, weights, masks)]
        canvases = detector._paste(x, instances, inputs) if detector.prior.uses_canvases else []
        output = detector._prior(x, [InstanceData(bboxes=boxes)], instances, canvases)
        return output.features, output.extra

    def _claims(self, found: Detections, masks: Tensor, shown: Size, size: Size) -> Claims:
        """The pixels that each instance claims at the size of the output, without duplicates."""
        head = self.detector.panoptic_fusion_head
        height, width = (new.double() / old for new, old in zip(shown, size, strict=True))
        boxes = found.boxes / torch.stack([width, height, width, height]).float()
        if not isinstance(self.detector, HPS):  # MMDetection pastes probabilities
            claims = paste(masks.sigmoid(), boxes, size, faded=True)
            threshold = self._instances.roi_head.test_cfg.mask_thr_binary
            claims = claims._replace(value=torch.where(claims.value >= threshold, 1.0, -1.0))
        else:
            claims = paste(masks, boxes, size)
        if head.merge_iou >= 1:
            return claims
        windows = windows_of(boxes, size)
        return merged(claims, windows, found.labels, found.scores, head.merge_iou, _pixels(size))


def _pixels(size: Size) -> Tensor:
    """(1,) the number of pixels."""
    return (size[0] * size[1]).reshape(1)


def _limited(size: Size, max_pixels: int | None) -> Size:
    """The size at which pixels are decided: that of ``PanopticInferencer``."""
    if max_pixels is None:
        return size
    factor = (max_pixels / (size[0] * size[1]).double()).sqrt().clamp(max=1)
    height, width = ((side * factor).round().long().clamp(min=1) for side in size)
    return height, width
