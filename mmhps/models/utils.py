"""What several modules need: coordinates of the output, canvases of instances."""

from __future__ import annotations

from mmdet.utils import InstanceList
from torch import Tensor

from mmhps.functional import box_cover, paste_canvases


def add_canvases(instances: InstanceList, size: tuple[int, int], stride: float) -> None:
    """Give each image's instances their canvases.

    Args:
        instances: Per image with ``bboxes`` (N, 4) and ``mask_logits`` (N, M, M); gets
            ``canvases`` (N, h, w), 0 outside of the boxes, and ``cover`` (N, h, w), bool.
        size: (h, w).
        stride: Pixels of the network's input per pixel of the canvas.
    """
    for image in instances:
        boxes = image.bboxes / stride
        image.canvases = paste_canvases(image.mask_logits, boxes, size)
        image.cover = box_cover(boxes, size)


def output_boxes(boxes: Tensor, meta: dict, rescale: bool) -> Tensor:
    """Boxes (N, 4) of the network's input, in pixels of the output."""
    return boxes / boxes.new_tensor(meta["scale_factor"]).repeat(2) if rescale else boxes
