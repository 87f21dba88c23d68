"""Pack an image and its panoptic ground truth for the detectors."""

from collections.abc import Sequence

import numpy as np
import torch
from mmdet.datasets.transforms import PackDetInputs
from mmdet.registry import TRANSFORMS
from mmengine.structures import PixelData

META_KEYS = (
    "img_id",
    "img_path",
    "seg_map_path",
    "id_format",
    "segments",
    "ori_shape",
    "img_shape",
    "scale_factor",
    "flip",
    "flip_direction",
)
"""What the detectors and the panoptic metric need to know about an image."""


@TRANSFORMS.register_module()
class PackPanopticInputs(PackDetInputs):
    """MMDetection's ``PackDetInputs`` that also packs ``gt_panoptic_seg``.

    ``data_sample.gt_panoptic_seg.sem_seg`` is (1, H, W) int64; its instance ``g + 1`` is the g-th
    entry of ``data_sample.gt_instances``. Works without any ground truth, too.

    Args:
        meta_keys: Keys to pack as meta information where they exist. Default: :data:`META_KEYS`.

    Raises:
        ValueError: ``PanopticIdsToInstances`` is missing before this transform, or the image
            changed its size after it.
    """

    def __init__(self, meta_keys: Sequence[str] = META_KEYS) -> None:
        super().__init__(meta_keys=meta_keys)

    def transform(self, results: dict) -> dict:
        """Pack. Returns ``inputs`` (C, H, W) and ``data_samples``."""
        panoptic = results.get("gt_panoptic_seg")
        if panoptic is None and "gt_seg_map" in results and "segments" in results:
            raise ValueError(
                "gt_panoptic_seg: not found although an id map is loaded. Put "
                "PanopticIdsToInstances between the geometric transforms and PackPanopticInputs."
            )
        if panoptic is not None and panoptic.shape != results["img"].shape[:2]:
            raise ValueError(
                f"gt_panoptic_seg: expected the shape of the image, {results['img'].shape[:2]}, "
                f"got {panoptic.shape}. PanopticIdsToInstances must stand after all geometric "
                f"transforms."
            )
        packed = super().transform(results)
        if panoptic is not None:
            tensor = torch.from_numpy(panoptic[None].astype(np.int64))
            packed["data_samples"].gt_panoptic_seg = PixelData(sem_seg=tensor)
        return packed
