"""Read pictures: the one reader of training, checking and inference. Needs numpy and Pillow."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps

# What shines through transparent pixels: the colour that networks are normalized to see as zero.
_BEHIND = (124, 116, 104)


def read_picture(path: str | Path | BinaryIO, source: str | None = None) -> np.ndarray:
    """Read a picture as it is meant to be seen.

    It is turned as its EXIF orientation says. 16-bit grey is scaled to 8 bits. Transparent pixels
    become the mean colour of photos. Of several frames the first is read.

    Args:
        path: The file, or its content as a file object.
        source: What an error calls it; None takes the path.

    Returns:
        (H, W, 3) uint8 BGR.

    Raises:
        OSError: The file is missing, damaged or no picture.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                return to_bgr(ImageOps.exif_transpose(image))
    except Exception as error:  # Pillow raises many kinds for damaged files
        reason = str(error) or type(error).__name__
        raise OSError(
            f"{source or path}: cannot be read as a picture ({reason}). If other programs show it, "
            f"save it as JPEG or PNG; otherwise it is damaged or no picture: leave it out."
        ) from error


def to_bgr(image: Image.Image) -> np.ndarray:
    """Pixels of a picture, (H, W, 3) uint8 BGR; see :func:`read_picture`."""
    if image.mode == "F":
        raise ValueError("pixels are floating-point numbers")
    if image.mode.startswith("I"):  # Pillow would cut values above 255
        grey = np.asarray(image).clip(0, 65535) / 257
        image = Image.fromarray(grey.round().astype(np.uint8))
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, (*_BEHIND, 255))
        image = Image.alpha_composite(ground, image)
    return np.ascontiguousarray(np.asarray(image.convert("RGB"))[..., ::-1])
