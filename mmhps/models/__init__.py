"""MMDetection modules of the paper: thin, with the arithmetic in :mod:`mmhps.functional`."""

import mmhps.compat  # noqa: F401  (MMDetection must be made usable first)

from .class_counts import resolve_classes, set_class_counts
from .detectors import HPS, PanopticFPN, PanopticTTAModel, SemanticPlusInstance
from .fusion_heads import DifferentiableFusionHead, EfficientPSFusionHead, HeuristicMergeHead
from .priors import InitialSegmentation, InstanceMaximum, NoPrior
from .roi_heads import (
    Detections,
    GroundTruthBoxes,
    InstanceRoIHead,
    SampledRoIs,
    SamplingRoIExtractor,
)
from .seg_heads import ConcatSemanticHead, PriorSemanticHead
from .task_modules import CrowdAssigner

__all__ = [
    "HPS",
    "ConcatSemanticHead",
    "CrowdAssigner",
    "Detections",
    "DifferentiableFusionHead",
    "EfficientPSFusionHead",
    "GroundTruthBoxes",
    "HeuristicMergeHead",
    "InitialSegmentation",
    "InstanceMaximum",
    "InstanceRoIHead",
    "NoPrior",
    "PanopticFPN",
    "PanopticTTAModel",
    "PriorSemanticHead",
    "SampledRoIs",
    "SamplingRoIExtractor",
    "SemanticPlusInstance",
    "resolve_classes",
    "set_class_counts",
]
