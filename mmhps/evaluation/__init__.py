"""Panoptic quality: in memory during training, and of files."""

from mmhps.evaluation.cityscapes_panoptic_metric import CityscapesPanopticMetric
from mmhps.evaluation.panoptic_files import PanopticFiles
from mmhps.evaluation.score_files import score_files

__all__ = ["CityscapesPanopticMetric", "PanopticFiles", "score_files"]
