"""Pictures of panoptic segmentation: overlays, legends, comparison grids, a visualizer."""

import mmhps.compat  # noqa: F401  (MMDetection must be made usable first)

from .grid import comparison_grid
from .ground_truth import read_ground_truth
from .hook import PanopticVisualizationHook, check_display
from .legend import LegendEntry, legend_entries, legend_strip
from .overlay import panoptic_overlay
from .panoptic_result import PanopticResult
from .segments import resize_ids, resize_image, scaled_size
from .visualizer import PanopticLocalVisualizer

__all__ = [
    "LegendEntry",
    "PanopticLocalVisualizer",
    "PanopticResult",
    "PanopticVisualizationHook",
    "check_display",
    "comparison_grid",
    "legend_entries",
    "legend_strip",
    "panoptic_overlay",
    "read_ground_truth",
    "resize_ids",
    "resize_image",
    "scaled_size",
]
