"""Label maps that the benchmarks of loading, scoring and whole networks share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmhps.structures import Segment
from mmhps.structures.id_formats import CITYSCAPES_CLASSES, THING_CLASSES

THINGS = len(THING_CLASSES)


@dataclass(frozen=True)
class LabelMap:
    """The segments of an image.

    Attributes:
        ids: (H, W) int32.
        labels: Class index of each id in ``ids``, things first.
    """

    ids: np.ndarray
    labels: dict[int, int]

    @property
    def segments(self) -> list[Segment]:
        """As our functions take them."""
        return [Segment(key, label, False) for key, label in self.labels.items()]

    @property
    def things(self) -> list[int]:
        """The ids of the instances."""
        return [key for key, label in self.labels.items() if label < THINGS]

    @property
    def rgb(self) -> np.ndarray:
        """(H, W, 3) uint8, as PNGs in the COCO panoptic format hold the ids."""
        return np.stack([self.ids >> shift & 255 for shift in (0, 8, 16)], -1).astype(np.uint8)


def label_map(width: int, height: int, things: int, stuff: int = 1, seed: int = 0) -> LabelMap:
    """Rectangles of things on rectangles of stuff, on road.

    Args:
        width: Pixels.
        height: Pixels.
        things: Number of instances.
        stuff: Number of stuff segments, the road among them, each of another class.
        seed: Seed of places, sizes and classes.

    Returns:
        The map; segments that others hide altogether are not in it.
    """
    rng = np.random.default_rng(seed)
    ids = np.full((height, width), 1001, dtype=np.int32)
    labels = {1001: THINGS}
    for index in range(1, stuff + things):
        part = 2 if index < stuff else 3
        h = int(rng.integers(height // 20, height // part))
        w = int(rng.integers(width // 20, width // (2 * part)))
        y, x = rng.integers(0, height - h), rng.integers(0, width - w)
        key = 1001 * (index + 1)  # as in real files, ids take all three bytes
        ids[y : y + h, x : x + w] = key
        labels[key] = THINGS + index if index < stuff else int(rng.integers(THINGS))
    visible = set(np.unique(ids).tolist())
    return LabelMap(ids, {key: label for key, label in labels.items() if key in visible})


CATEGORIES = [
    dict(id=label + 1, name=name, isthing=int(name in THING_CLASSES))
    for label, name in enumerate(CITYSCAPES_CLASSES)
]
"""The classes as COCO panoptic files list them."""
