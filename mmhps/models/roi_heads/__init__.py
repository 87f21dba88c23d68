from .instance_roi_head import InstanceRoIHead
from .sampling_roi_extractor import SamplingRoIExtractor

__all__ = ["InstanceRoIHead", "SamplingRoIExtractor"]
