"""MMDetection modules of the paper: thin, with the arithmetic in :mod:`mmhps.functional`."""

import mmhps.compat  # noqa: F401  (MMDetection must be made usable first)

from .backbones import EfficientNetLite
from .class_counts import classes_of, resolve_classes, set_class_counts
from .detectors import HPS, PanopticFPN, PanopticTTAModel, SemanticPlusInstance
from .fusion_heads import (
    DifferentiableFusionHead,
    EfficientPSFusionHead,
    HeuristicMergeHead,
    OANetFusionHead,
    SOGNetFusionHead,
    TASCNetFusionHead,
    UPSNetFusionHead,
)
from .priors import (
    BackgroundAttention,
    InitialSegmentation,
    InstanceMaximum,
    NoPrior,
    PriorSequence,
)
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
    "BackgroundAttention",
    "ConcatSemanticHead",
    "CrowdAssigner",
    "Detections",
    "DifferentiableFusionHead",
    "EfficientNetLite",
    "EfficientPSFusionHead",
    "GroundTruthBoxes",
    "HeuristicMergeHead",
    "InitialSegmentation",
    "InstanceMaximum",
    "InstanceRoIHead",
    "NoPrior",
    "OANetFusionHead",
    "PanopticFPN",
    "PanopticTTAModel",
    "PriorSemanticHead",
    "PriorSequence",
    "SOGNetFusionHead",
    "SampledRoIs",
    "SamplingRoIExtractor",
    "SemanticPlusInstance",
    "TASCNetFusionHead",
    "UPSNetFusionHead",
    "classes_of",
    "resolve_classes",
    "set_class_counts",
]
