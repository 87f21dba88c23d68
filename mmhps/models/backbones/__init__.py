"""Backbones that MMDetection lacks."""

from .efficientnet_lite import EfficientNetLite, imagenet_file

__all__ = ["EfficientNetLite", "imagenet_file"]
