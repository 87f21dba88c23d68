"""Panoptic quality: in memory during training, and of files."""

import mmhps.compat  # noqa: F401  (MMDetection must be made usable first)
from mmhps.evaluation.cityscapes_panoptic_metric import CityscapesPanopticMetric
from mmhps.evaluation.panoptic_files import PanopticFiles
from mmhps.evaluation.score_files import score_files

__all__ = ["CityscapesPanopticMetric", "PanopticFiles", "score_files"]
