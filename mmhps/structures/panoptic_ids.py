"""Panoptic ids: what the value of a pixel says about its class and its instance.

An *id map* is an (H, W) integer array in which every segment has one value. There are three kinds:

- *Panoptic maps*, which networks learn and predict: ``label`` for stuff and ``label + 1000 *
  instance`` for instances 1, 2, … Labels are 0..C-1, things first. Void is :data:`VOID` in ground
  truth. In predictions it is C, as in MMDetection.
- *Numbered maps*, in files and results: 1, 2, … for the segments of a list, 0 for void.
- *Raw maps*, as label files hold them: see :mod:`mmhps.structures.id_formats`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

INSTANCE_OFFSET = 1000
"""Panoptic ids are ``label + 1000 * instance``, as in MMDetection and Cityscapes."""
VOID = 255
"""Label of pixels without a class; MMDetection's transforms fill new pixels with it."""
NO_SEGMENT = 0
"""Value of void in numbered maps and in COCO's panoptic PNGs, where it is black."""

Ids = Any  # an int, an array or a tensor


@dataclass(frozen=True)
class Segment:
    """One segment of an id map.

    Attributes:
        id: Value of its pixels in the id map.
        label: Index of its class in the class list (things first).
        iscrowd: Whether it is a group of things that are not told apart. Never true for stuff.
    """

    id: int
    label: int
    iscrowd: bool = False


def encode(labels: Ids, instances: Ids) -> Ids:
    """Panoptic ids of labels and instance numbers (0: no instance)."""
    return labels + INSTANCE_OFFSET * instances


def decode(ids: Ids) -> tuple[Ids, Ids]:
    """Labels and instance numbers (0: no instance) of panoptic ids; void stays as it is."""
    return ids % INSTANCE_OFFSET, ids // INSTANCE_OFFSET


def run_starts(*maps: np.ndarray) -> np.ndarray:
    """Where runs of pixels begin that are equal in each of some maps of one size.

    A map of segments has few runs: to look at one pixel of each is much cheaper than at all.

    Args:
        maps: Integers of any shape, at least one map.

    Returns:
        (R,) int64 positions in the flat maps.
    """
    first, *others = (ids.ravel() for ids in maps)
    begins = np.ones(first.size, dtype=bool)
    np.not_equal(first[1:], first[:-1], out=begins[1:])
    for other in others:
        begins[1:] |= other[1:] != other[:-1]
    return np.flatnonzero(begins)


def distinct_ids(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The sorted values of an id map (any shape), and the position of each pixel's, int32."""
    flat, starts = ids.ravel(), run_starts(ids)
    values, index = np.unique(flat[starts], return_inverse=True)
    lengths = np.diff(starts, append=flat.size)
    return values, np.repeat(index.astype(np.int32), lengths).reshape(ids.shape)


def unique_ids(ids: np.ndarray) -> list[int]:
    """Return the sorted values of an id map (any shape, non-negative, below 2**24).

    Marks them in a table instead of sorting.
    """
    seen = np.zeros(int(ids.max(initial=0)) + 1, dtype=bool)
    seen[ids.ravel()[run_starts(ids)]] = True
    return np.flatnonzero(seen).tolist()


def predicted_segments(ids: np.ndarray, num_classes: int, image: str) -> list[Segment]:
    """List the segments of a predicted panoptic map, sorted by id.

    Args:
        ids: (H, W), ``label + 1000 * instance``; ``num_classes`` is void.
        num_classes: C.
        image: What an error calls the image.

    Raises:
        ValueError: A value is not such an id.
    """
    lowest = int(ids.min(initial=0))
    values = unique_ids(ids) if lowest >= 0 else [lowest]
    values = [value for value in values if value != num_classes]
    unknown = [value for value in values if decode(value)[0] >= num_classes]
    if unknown:
        raise ValueError(
            f"image {image!r}: pred_panoptic_seg has the values {unknown}, which are not label + "
            f"{INSTANCE_OFFSET} * instance. Labels are 0..{num_classes - 1}, void is "
            f"{num_classes}: train the model on the classes of this dataset."
        )
    return [Segment(value, decode(value)[0], False) for value in values]


def panoptic_map(ids: np.ndarray, segments: Sequence[Segment], num_things: int) -> np.ndarray:
    """Make the panoptic map of a ground truth.

    Args:
        ids: Id map, (H, W), non-negative integers.
        segments: Its segments; other values are void.
        num_things: Labels below it are things.

    Returns:
        (H, W) int32: ``label`` for stuff and crowds, ``label + 1000 * k`` for instances k = 1, 2, …
        in the order of the segments, ``VOID`` for void.
    """
    table = np.full(len(segments) + 1, VOID, dtype=np.int32)
    instances = 0
    for number, segment in enumerate(segments, start=1):
        is_instance = segment.label < num_things and not segment.iscrowd
        instances += is_instance
        table[number] = encode(segment.label, instances * is_instance)
    return table[number_segments(ids, segments)]


def number_segments(ids: np.ndarray, segments: Sequence[Segment]) -> np.ndarray:
    """Number segments 1, 2, … in their order.

    Args:
        ids: Id map, (H, W), non-negative integers.
        segments: The segments.

    Returns:
        Numbered map, (H, W) int32; what no segment lists is 0.
    """
    numbers = np.zeros(int(ids.max(initial=0)) + 1, dtype=np.int32)
    for number, segment in enumerate(segments, start=1):
        numbers[segment.id] = number
    return numbers[ids]
