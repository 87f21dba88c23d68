"""Take a panoptic id map apart for drawing.

See :mod:`mmhps.structures.panoptic_ids` for the maps.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from mmhps.structures import INSTANCE_OFFSET, VOID, decode, distinct_ids


@dataclass(frozen=True)
class Segments:
    """The segments of one panoptic map.

    Attributes:
        index: Position of each pixel's segment in ``labels`` and ``instances``, (H, W) int32.
        labels: Class of each segment, (K,) int64, sorted by panoptic value; ``VOID`` for void.
        instances: Instance number of each segment, (K,) int64; 0 where it is not an instance.
    """

    index: np.ndarray
    labels: np.ndarray
    instances: np.ndarray


def split_segments(ids: np.ndarray, num_classes: int) -> Segments:
    """Find the segments of a panoptic map and check them.

    Args:
        ids: Panoptic map, (H, W), any integer type; void is ``VOID``.
        num_classes: Number of classes; labels are 0..num_classes-1.

    Raises:
        ValueError: The map is not a 2-D integer array, or it holds an unknown label.
    """
    if ids.ndim != 2 or not np.issubdtype(ids.dtype, np.integer):
        raise ValueError(
            f"ids: expected an (H, W) integer panoptic map, got shape {ids.shape} of {ids.dtype}. "
            f"Index the leading dimension of sem_seg away and convert it to int."
        )
    values, index = distinct_ids(ids)
    values = values.astype(np.int64)
    is_void = values == VOID
    labels = np.where(is_void, VOID, decode(values)[0])
    unknown = values[~is_void & ((values < 0) | (labels >= num_classes))]
    if unknown.size:
        raise ValueError(
            f"ids: expected labels 0..{num_classes - 1} (value % {INSTANCE_OFFSET}) or void "
            f"{VOID}, got the values {unknown[:5].tolist()}. Pass the classes and the palette of "
            f"the data set that the map belongs to; for a prediction see "
            f"PanopticResult.of_prediction."
        )
    instances = np.where(is_void, 0, decode(values)[1])
    return Segments(index, labels, instances)


def resize_ids(ids: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize an id map of any integer type by nearest neighbour (pixel centres).

    Args:
        ids: (H, W) map.
        size: Wanted (height, width), pixels.
    """
    if ids.shape == tuple(size):
        return ids
    rows, columns = (
        ((np.arange(new) + 0.5) * old / new).astype(int)
        for new, old in zip(size, ids.shape, strict=True)
    )
    return ids[rows[:, None], columns]


def scaled_size(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """Return ``size`` (height, width) times ``scale``, rounded, at least 1 pixel each."""
    if not scale > 0:
        raise ValueError(f"scale: expected a factor above 0, got {scale}. Leave it at 1.")
    height, width = (max(1, round(length * scale)) for length in size)
    return height, width


def limited_size(size: tuple[int, int], most: int) -> tuple[int, int]:
    """Return ``size`` (height, width), or the size of this shape with about ``most`` pixels."""
    excess = size[0] * size[1] / most
    return scaled_size(size, excess**-0.5) if excess > 1 else (size[0], size[1])


def as_rgb(image: np.ndarray) -> np.ndarray:
    """Return a grey or RGB image as (H, W, 3) uint8; other types are clipped to 0..255.

    Raises:
        ValueError: The image is neither grey nor RGB, or has no pixel.
    """
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[..., 0]
    if image.ndim == 2:
        image = np.stack([image] * 3, axis=-1)
    if image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(
            f"image: expected a grey (H, W) or (H, W, 1) or an RGB (H, W, 3) image with at least "
            f"one pixel, got shape {image.shape}. Remove an alpha channel or a batch dimension."
        )
    return np.ascontiguousarray(image.clip(0, 255).astype(np.uint8))


def resize_image(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize a grey or RGB image, 0..255, to (height, width): area average down, cubic up.

    Returns:
        (H, W, 3) uint8; an image of this size as it is.
    """
    if image.shape[:2] == tuple(size):
        return image
    shrinks = size[0] < image.shape[0] or size[1] < image.shape[1]
    resampling = Image.Resampling.BOX if shrinks else Image.Resampling.BICUBIC
    return np.array(Image.fromarray(as_rgb(image)).resize(size[::-1], resampling))


def extents(numbers: np.ndarray, count: int) -> list[tuple[slice, slice]]:
    """The rows and columns that each segment spans.

    Args:
        numbers: (H, W) integers, 0 for void and 1..count for the segments, each of which occurs.
        count: Number of segments.
    """
    spans = []
    for axis, length in enumerate(numbers.shape):
        occurs = np.zeros((count + 1, length), dtype=bool)
        places = np.arange(length)
        occurs[numbers, places[:, None] if axis == 0 else places] = True
        first, last = occurs.argmax(axis=1), length - occurs[:, ::-1].argmax(axis=1)
        spans.append([slice(*span) for span in zip(first.tolist(), last.tolist(), strict=True)])
    return list(zip(*spans, strict=True))[1:]
