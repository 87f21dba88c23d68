"""Panoptic data sets with one id map per image, and the transforms for them."""

import mmhps.compat  # noqa: F401  (MMDetection must be made usable first)
from mmhps.datasets.cityscapes_panoptic import CityscapesPanopticDataset
from mmhps.datasets.coco_panoptic import CocoPanopticIdDataset
from mmhps.datasets.panoptic_id_dataset import PanopticIdDataset
from mmhps.datasets.samplers import RepeatableInfiniteSampler, RepeatableSampler
from mmhps.datasets.transforms import LoadPanopticIds, PackPanopticInputs, PanopticIdsToInstances

__all__ = [
    "CityscapesPanopticDataset",
    "CocoPanopticIdDataset",
    "LoadPanopticIds",
    "PackPanopticInputs",
    "PanopticIdDataset",
    "PanopticIdsToInstances",
    "RepeatableInfiniteSampler",
    "RepeatableSampler",
]
