"""MMEngine's metric; the arithmetic is in :mod:`mmhps.metrics`."""

import mmhps.compat  # noqa: F401  (MMDetection must be made usable first)
from mmhps.evaluation.cityscapes_panoptic_metric import CityscapesPanopticMetric

__all__ = ["CityscapesPanopticMetric"]
