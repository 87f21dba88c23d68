"""MMDetection modules of the paper: thin, with the arithmetic in :mod:`mmhps.functional`."""

import mmhps.compat  # noqa: F401  (MMDetection must be made usable first)

from .detectors import HPS, SemanticPlusInstance
from .fusion_heads import DifferentiableFusionHead, HeuristicMergeHead
from .necks import InitialSegmentation
from .roi_heads import InstanceRoIHead, SamplingRoIExtractor
from .seg_heads import ConcatSemanticHead, ISISemanticHead
from .task_modules import CrowdAssigner

__all__ = [
    "HPS",
    "ConcatSemanticHead",
    "CrowdAssigner",
    "DifferentiableFusionHead",
    "HeuristicMergeHead",
    "ISISemanticHead",
    "InitialSegmentation",
    "InstanceRoIHead",
    "SamplingRoIExtractor",
    "SemanticPlusInstance",
]
