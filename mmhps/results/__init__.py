"""The result of a prediction: its segments, pictures and files. Needs numpy and Pillow."""

from .folder import ResultFolder, Skipped
from .grid import comparison_grid
from .legend import LegendEntry, legend_entries, legend_strip
from .overlay import panoptic_overlay
from .panoptic_result import PanopticResult
from .segments import limited_size, resize_ids, resize_image, scaled_size

__all__ = [
    "LegendEntry",
    "PanopticResult",
    "ResultFolder",
    "Skipped",
    "comparison_grid",
    "legend_entries",
    "legend_strip",
    "limited_size",
    "panoptic_overlay",
    "resize_ids",
    "resize_image",
    "scaled_size",
]
