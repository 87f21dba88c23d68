"""Transforms that carry one id map through MMDetection's pipeline."""

from mmhps.datasets.transforms.formatting import PackPanopticInputs
from mmhps.datasets.transforms.images import LoadPicture
from mmhps.datasets.transforms.instances import PanopticIdsToInstances
from mmhps.datasets.transforms.loading import LoadPanopticIds
from mmhps.datasets.transforms.mosaic import PanopticMosaic

__all__ = [
    "LoadPanopticIds",
    "LoadPicture",
    "PackPanopticInputs",
    "PanopticIdsToInstances",
    "PanopticMosaic",
]
