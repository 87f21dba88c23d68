"""Use exported models where neither torch nor MMDetection is installed."""

from .onnx_inferencer import PanopticInferencer
from .onnx_model import OnnxModel

__all__ = ["OnnxModel", "PanopticInferencer"]
