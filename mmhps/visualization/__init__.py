"""Pictures of panoptic segmentation in MMDetection: a visualizer, and a hook that uses it.

What draws them is in :mod:`mmhps.results`.
"""

import mmhps.compat  # noqa: F401  (MMDetection must be made usable first)

from .ground_truth import read_ground_truth
from .hook import PanopticVisualizationHook, check_display
from .visualizer import PanopticLocalVisualizer

__all__ = [
    "PanopticLocalVisualizer",
    "PanopticVisualizationHook",
    "check_display",
    "read_ground_truth",
]
