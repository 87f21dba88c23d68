"""The pixels of pictures that are in memory: arrays, tensors, pictures of PIL."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageOps

from mmhps.structures.picture_files import to_bgr


def read_pil(image: Image.Image, source: str) -> np.ndarray:
    """The pixels of a picture of PIL, as it is meant to be seen."""
    try:
        return to_bgr(ImageOps.exif_transpose(image))
    except (OSError, ValueError) as error:
        raise OSError(f"{source}: cannot be read as a picture ({error}). Leave it out.") from error


def is_tensor(value: Any) -> bool:
    """Whether it is a tensor of torch, which need not be installed."""
    kinds = [(kind.__module__.partition(".")[0], kind.__name__) for kind in type(value).__mro__]
    return ("torch", "Tensor") in kinds


def bgr_of_tensor(image: Any, source: str) -> np.ndarray:
    """Check an RGB tensor (C, H, W) and make an array of it."""
    floating = image.is_floating_point()
    # numpy has no bfloat16.
    values = (image.float() if floating else image).detach().cpu().numpy()
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    if (
        values.ndim != 3
        or values.shape[0] not in (1, 3, 4)
        or not (values.dtype == np.uint8 or (floating and 0 <= low <= high <= 1))
    ):
        raise ValueError(
            f"{source}: expected RGB tensors (C, H, W) or (B, C, H, W) with 1, 3 or 4 channels, "
            f"uint8 or floating-point in 0..1, got {tuple(image.shape)} of {image.dtype} in "
            f"{low:g}..{high:g}. Permute its axes, and undo a normalization."
        )
    values = (values * np.float32(255)).round().astype(np.uint8) if floating else values
    channels = [0] if len(values) == 1 else [2, 1, 0, 3][: len(values)]
    return bgr_of_array(values[channels].transpose(1, 2, 0), source)


def bgr_of_array(array: np.ndarray, source: str) -> np.ndarray:
    """Check an array, grey, BGR or BGRA, and give it three channels."""
    shape = array.shape + (1,) * (array.ndim == 2)
    if array.dtype != np.uint8 or len(shape) != 3 or shape[2] not in (1, 3, 4) or array.size == 0:
        raise ValueError(
            f"{source}: expected a grey (H, W), BGR (H, W, 3) or BGRA (H, W, 4) array of uint8 "
            f"with at least one pixel, got shape {array.shape} of {array.dtype}. Scale its values "
            f"to 0..255 and convert it with astype('uint8')."
        )
    array = array.reshape(shape)
    if shape[2] == 4:
        return to_bgr(Image.fromarray(np.ascontiguousarray(array[..., [2, 1, 0, 3]])))
    return np.ascontiguousarray(np.broadcast_to(array, (*shape[:2], 3)))
