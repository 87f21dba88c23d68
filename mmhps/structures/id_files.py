"""Read and write the images that id maps are stored in, grey or RGB. Needs numpy and Pillow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

_DEEP = "mmhps: 16 bits per colour"
_ROWS = 64  # of an image that are converted at a time


def read_grey_ids(path: str | Path) -> tuple[np.ndarray, int]:
    """Read a grey image of ids.

    Args:
        path: The PNG, grey.

    Returns:
        Raw ids, (H, W) int32, at least 0, and how many bits the file has per pixel: 8 or 16.

    Raises:
        FileNotFoundError: The file does not exist.
        OSError: The file is empty, truncated or not an image.
        ValueError: The file is coloured, or has negative values.
    """
    image = _open(path)
    if not image.mode.startswith("I") and image.mode != "L":
        raise ValueError(
            f"{path}: expected a 16-bit grey map of ids, got an image of Pillow mode "
            f"{image.mode!r}. Take Cityscapes' *_gtFine_instanceIds.png, not *_color.png, or the "
            f"maps of KITTI's instance/; a COCO panoptic PNG needs the COCO panoptic dataset."
        )
    ids = np.asarray(image, dtype=np.int32)
    if ids.min(initial=0) < 0:
        raise ValueError(f"{path}: ids must not be negative, got {ids.min()}. Write the map again.")
    return ids, 8 if image.mode == "L" else 16


def read_rgb_ids(path: str | Path) -> np.ndarray:
    """Read a COCO panoptic PNG.

    Args:
        path: The PNG, 8-bit RGB.

    Returns:
        Ids R + 256 G + 65536 B, (H, W) int32.

    Raises:
        FileNotFoundError: The file does not exist.
        OSError: The file is empty, truncated or not an image.
        ValueError: The file is neither RGB nor RGBA, whose alpha is ignored, or has 16 bits.
    """
    image = _open(path)
    if image.info.get(_DEEP):
        raise ValueError(
            f"{path}: expected 8 bits per colour, got 16, of which the lower 8 would be lost. Save "
            f"the map as an 8-bit RGB PNG; ids are R + 256 G + 65536 B."
        )
    if image.mode not in ("RGB", "RGBA"):
        raise ValueError(
            f"{path}: expected an RGB panoptic PNG, got an image of Pillow mode {image.mode!r}. "
            f"Name the folder of the panoptic PNGs, not the one of label or instance id maps."
        )
    # Four bytes per pixel, R first, read as one number without its highest byte; some rows at a
    # time, whose bytes stay in the cache.
    ids = np.empty((image.height, image.width), dtype="<u4")
    for top in range(0, image.height, _ROWS):
        strip = image.crop((0, top, image.width, min(top + _ROWS, image.height)))
        raw = strip.tobytes("raw", "RGBX" if image.mode == "RGB" else "RGBA")
        ids[top : top + _ROWS] = np.frombuffer(raw, dtype="<u4").reshape(-1, image.width)
    ids &= 0xFFFFFF
    return ids.view("<i4").astype(np.int32, copy=False)


def _open(path: str | Path) -> Image.Image:
    """Open and fully decode an image; every error names the file and the remedy."""
    try:
        with Image.open(path) as image:
            # Pillow keeps the high bytes of 16-bit colours alone, and forgets that it did.
            deep = image.mode in ("RGB", "RGBA") and any("16" in str(t[-1]) for t in image.tile)
            image.load()
            image.info[_DEEP] = deep
    except FileNotFoundError:
        raise FileNotFoundError(
            f'{path}: label file not found. Check data_root and data_prefix["seg"], or write it '
            f"with the tools that made the other labels."
        ) from None
    except PermissionError as error:
        raise PermissionError(
            f"{path}: no permission to read this label file. Change the rights of the file or of "
            f"its folders."
        ) from error
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise OSError(
            f"{path}: cannot be read as an image ({error}). The file is empty, truncated or no "
            f"image: unpack or download it again."
        ) from error
    return image


def write_rgb_ids(path: str | Path, ids: np.ndarray) -> None:
    """Write a COCO panoptic PNG, and the folders that it needs.

    Args:
        path: The PNG.
        ids: Id map, (H, W), integers in 0..2**24-1.
    """
    # The low bytes of a little-endian integer are R, G, B.
    rgb = ids.astype("<u4", copy=False).view(np.uint8).reshape(*ids.shape, 4)[..., :3]
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.ascontiguousarray(rgb)).save(path)
