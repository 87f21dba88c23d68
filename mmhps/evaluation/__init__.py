"""MMEngine's metrics; the arithmetic of panoptic quality is in :mod:`mmhps.metrics`."""

import mmhps.compat  # noqa: F401  (MMDetection must be made usable first)
from mmhps.evaluation.cityscapes_panoptic_metric import CityscapesPanopticMetric
from mmhps.evaluation.mask_ap_metric import MaskAPMetric
from mmhps.evaluation.semantic_iou_metric import SemanticIoUMetric

__all__ = ["CityscapesPanopticMetric", "MaskAPMetric", "SemanticIoUMetric"]
