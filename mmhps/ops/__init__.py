"""The operators that Mask R-CNN is made of, in torch: nothing has to be compiled.

:mod:`mmhps.compat.mmcv_ops` has mmcv and MMDetection use them.
"""

from .nms import greedy_nms
from .roi_align import roi_align

__all__ = ["greedy_nms", "roi_align"]
