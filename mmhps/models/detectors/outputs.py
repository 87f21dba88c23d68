"""What a detector predicts besides the panoptic map, on request.

Shapes: N instances, T + S classes, H x W output.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from mmdet.structures import SampleList
from mmengine.structures import InstanceData, PixelData
from torch import Tensor

from mmhps.functional import Layer, Resampled, paste_windows

from ..instances import Instances, output_boxes

OUTPUTS = ("masks", "semantic")
"""What ``test_cfg.outputs`` may list."""


def output_layers(
    image: Instances | InstanceData, meta: Mapping, rescale: bool, size: tuple[int, int]
) -> list[Layer]:
    """N canvases of the size of the output; a mask is where they are positive.

    Args:
        image: Instances, or ``masks`` (N, H, W), bool, as MMDetection's heads predict them.
        meta: Meta information of the image.
        rescale: Whether the output has the original size.
        size: (H, W).
    """
    if isinstance(image, Instances):
        return paste_windows(image.mask_logits, output_boxes(image.bboxes, meta, rescale), size)
    window = (slice(0, size[0]), slice(0, size[1]))
    return [(window, 2.0 * mask - 1) for mask in image.masks]


def masks_of(layers: Sequence[Layer], size: tuple[int, int], device: torch.device) -> Tensor:
    """Canvases as masks, (N, H, W) bool."""
    masks = torch.zeros((len(layers), *size), dtype=torch.bool, device=device)
    for mask, (window, canvas) in zip(masks, layers, strict=True):
        mask[window] = canvas > 0
    return masks


def dense(logits: Resampled | Tensor) -> Tensor:
    """Semantic logits (T + S, H, W)."""
    return logits if isinstance(logits, Tensor) else logits.dense()


def instance_data(
    image: Instances | InstanceData, meta: Mapping, rescale: bool = True
) -> InstanceData:
    """Instances as MMDetection has them: ``bboxes`` in the output, ``labels``, ``scores``."""
    boxes = image.bboxes
    if isinstance(image, Instances):
        boxes = output_boxes(boxes, meta, rescale)
    return InstanceData(bboxes=boxes, labels=image.labels, scores=image.scores)


def add_outputs(
    samples: SampleList,
    instances: Sequence[Instances | InstanceData],
    logits: Sequence[Resampled | Tensor],
    test_cfg: Mapping | None,
    rescale: bool = True,
) -> None:
    """Add ``pred_instances`` and, as ``test_cfg.outputs`` lists them, masks and semantic maps.

    Args:
        samples: Get ``pred_instances`` (``bboxes``, ``labels``, ``scores``), for ``'masks'`` with
            ``masks`` (N, H, W), bool, and for ``'semantic'`` ``pred_sem_seg.sem_seg`` (1, H, W),
            the most likely of all T + S classes. Both are those of the branches, before the fusion.
        instances: Per image.
        logits: Per image (T + S, H, W), or to be read at that size.
        test_cfg: Of the detector.
        rescale: Whether the output has the original size.

    Raises:
        ValueError: ``test_cfg.outputs`` lists something else.
    """
    wanted = (test_cfg or {}).get("outputs") or ()
    if unknown := set(wanted) - set(OUTPUTS):
        raise ValueError(
            f"test_cfg.outputs: expected a list of {', '.join(OUTPUTS)}, got {sorted(unknown)}. "
            f"Remove or correct it."
        )
    for sample, image, values in zip(samples, instances, logits, strict=True):
        meta = sample.metainfo
        sample.pred_instances = instance_data(image, meta, rescale)
        if "masks" in wanted:
            size = tuple(meta["ori_shape" if rescale else "img_shape"][:2])
            layers = output_layers(image, meta, rescale, size)
            sample.pred_instances.masks = masks_of(layers, size, image.labels.device)
        if "semantic" in wanted:
            sample.pred_sem_seg = PixelData(sem_seg=dense(values).argmax(dim=0, keepdim=True))
