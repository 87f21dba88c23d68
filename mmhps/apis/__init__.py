"""Use trained models on pictures."""

from .panoptic_inferencer import PanopticInferencer

__all__ = ["PanopticInferencer"]
