"""Pack an image and its panoptic ground truth for the detectors."""

from collections.abc import Sequence

import torch
from mmdet.datasets.transforms import PackDetInputs
from mmdet.registry import TRANSFORMS
from mmengine.structures import PixelData

from mmhps.datasets.transforms.agreement import agree

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
    """MMDetection's ``PackDetInputs`` that also makes and packs ``gt_panoptic_seg``.

    ``data_sample.gt_panoptic_seg.sem_seg`` is (1, H, W) int64; its instance ``g + 1`` is the g-th
    entry of ``data_sample.gt_instances``. It is made here, from the masks and the semantic map as
    they are now: see :func:`mmhps.datasets.transforms.agreement.agree`. Works without any ground
    truth, too.

    Args:
        meta_keys: Keys to pack as meta information where they exist. Default: :data:`META_KEYS`.

    Raises:
        ValueError: ``PanopticIdsToInstances`` is missing before this transform, or a transform
            moved the image without its ground truth.
    """

    def __init__(self, meta_keys: Sequence[str] = META_KEYS) -> None:
        super().__init__(meta_keys=meta_keys)

    def transform(self, results: dict) -> dict:
        """Pack. Returns ``inputs`` (C, H, W) and ``data_samples``."""
        has_masks = results.get("gt_masks") is not None
        if not has_masks and "gt_seg_map" in results and "segments" in results:
            raise ValueError(
                "gt_panoptic_seg: not found although an id map is loaded. Put "
                "PanopticIdsToInstances between LoadPanopticIds and PackPanopticInputs."
            )
        complete = has_masks and {"gt_seg_map", "thing_classes"} <= results.keys()
        results = agree(results) if complete else results
        packed = super().transform(results)
        if complete:
            tensor = torch.from_numpy(results["gt_panoptic_seg"][None])
            packed["data_samples"].gt_panoptic_seg = PixelData(sem_seg=tensor)
        return packed
