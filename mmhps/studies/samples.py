"""Images as the training pipeline delivers them, beside their ground truth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from mmdet.structures import DetDataSample

from mmhps.visualization import (
    comparison_grid,
    legend_entries,
    panoptic_overlay,
    resize_ids,
    resize_image,
    scaled_size,
)


def draw_sample(
    inputs: torch.Tensor,
    sample: DetDataSample,
    classes: Sequence[str],
    palette: Sequence[tuple[int, int, int]],
    scale: float = 1.0,
) -> np.ndarray:
    """Draw what the pipeline delivered, image | ground truth.

    Args:
        inputs: (3, H, W) uint8 BGR.
        sample: With ``gt_panoptic_seg``.
        classes: Class names.
        palette: RGB colour per class.
        scale: Enlargement.

    Returns:
        (height, width, 3) uint8 RGB.

    Raises:
        ValueError: The sample has no panoptic ground truth.
    """
    if "gt_panoptic_seg" not in sample:
        raise ValueError(
            f"{sample.img_path}: the pipeline delivers no gt_panoptic_seg. Use LoadPanopticIds, "
            "PanopticIdsToInstances and PackPanopticInputs."
        )
    image = inputs.permute(1, 2, 0).numpy()[..., ::-1]
    size = scaled_size(image.shape[:2], scale)
    image = resize_image(image, size)
    ids = resize_ids(sample.gt_panoptic_seg.sem_seg[0].numpy(), size)
    legend = legend_entries([ids], classes, palette)
    overlay = panoptic_overlay(image, ids, palette)
    return comparison_grid([[image, overlay]], ["image", "ground truth"], legend)
