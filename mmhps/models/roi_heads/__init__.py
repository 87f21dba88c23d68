from .instance_roi_head import InstanceRoIHead
from .sampling_roi_extractor import SamplingRoIExtractor
from .training_instances import Detections, GroundTruthBoxes, SampledRoIs

__all__ = [
    "Detections",
    "GroundTruthBoxes",
    "InstanceRoIHead",
    "SampledRoIs",
    "SamplingRoIExtractor",
]
