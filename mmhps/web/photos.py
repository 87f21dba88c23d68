"""From an uploaded file to the pixels of a photo.

Shapes: H x W photo.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from mmhps.results import limited_size, resize_image
from mmhps.structures.picture_files import read_picture

__all__ = ["MAX_MEGABYTES", "MAX_MEGAPIXELS", "PhotoError", "read_photo"]

MAX_MEGABYTES = 25
"""Largest file that can be uploaded."""
MAX_MEGAPIXELS = 64
"""Largest photo that is read into memory; phones take 12 to 50."""
WORKING_PIXELS = 1 << 21
"""Most pixels that a photo is segmented, shown and downloaded in; the networks see fewer."""


class PhotoError(ValueError):
    """What is wrong with a file, and what to do about it, in words for the page."""


def read_photo(path: str | Path) -> np.ndarray:
    """Read an uploaded file.

    Returns:
        (H, W, 3) uint8 RGB, turned as its EXIF orientation says, shrunk to ``WORKING_PIXELS``.

    Raises:
        PhotoError: It is no picture, damaged or too large.
    """
    path = Path(path)
    try:
        with Image.open(path) as image:
            width, height = image.size
    except Image.DecompressionBombError:
        width = height = 0
    except Exception as error:  # Pillow raises many kinds for damaged files
        raise PhotoError(_NO_PICTURE.format(path.name)) from error
    if not width or width * height > MAX_MEGAPIXELS * 1e6:
        size = f"{width}×{height} = {width * height / 1e6:.0f}" if width else "far more"
        raise PhotoError(
            f"{path.name} is too large: {size} megapixels; at most {MAX_MEGAPIXELS} are taken. "
            f"Make it smaller first."
        )
    try:
        image = read_picture(path)[..., ::-1]
    except OSError as error:
        raise PhotoError(_NO_PICTURE.format(path.name)) from error
    image = resize_image(image, limited_size(image.shape[:2], WORKING_PIXELS))
    return np.ascontiguousarray(image)


_NO_PICTURE = (
    "{} cannot be read as a picture. Take a JPEG, PNG or WebP file; if other programs show this "
    "one, save it as JPEG with them."
)
