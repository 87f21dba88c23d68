"""Use trained models on pictures."""

import mmhps.compat  # noqa: F401  (says what is not installed)

from .panoptic_inferencer import PanopticInferencer

__all__ = ["PanopticInferencer"]
