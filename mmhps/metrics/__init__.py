"""Panoptic quality and what else is counted in id maps and their files. Needs no torch."""

from mmhps.metrics.files import PanopticFiles
from mmhps.metrics.matching import PanopticStats, panoptic_stats
from mmhps.metrics.quality import panoptic_quality
from mmhps.metrics.score_files import score_files

__all__ = [
    "PanopticFiles",
    "PanopticStats",
    "panoptic_quality",
    "panoptic_stats",
    "score_files",
]
