"""Load every image of a data set once, as a run would, to find faults and count segments."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from mmhps.datasets import PanopticIdDataset
from mmhps.structures.id_formats import read_true_segments

SMALL_AREA = 20
"""Pixels below which an instance is hardly learned."""


class Contents(NamedTuple):
    """The contents of one image.

    Attributes:
        segments: Segments of each class without crowds, (C,) int64.
        crowds: Crowds of each class, (C,) int64.
        pixels: Pixels of each class, (C + 1,) int64; the last is void.
        instances: Number of things that are no crowds.
        small: Number of those with fewer than :data:`SMALL_AREA` pixels.
    """

    segments: np.ndarray
    crowds: np.ndarray
    pixels: np.ndarray
    instances: int = 0
    small: int = 0


def inspect(dataset: PanopticIdDataset, info: dict) -> Contents | None:
    """Load one image through the pipeline, and its label map.

    Args:
        dataset: The data set.
        info: A data info of its ``list_images``.

    Returns:
        What the image holds; None if the data set has no ground truth.

    Raises:
        OSError, RuntimeError, ValueError: As a run would raise it.
    """
    loaded = dataset.load(info)
    if info["seg_map_path"] is None:
        return None
    classes = dataset.metainfo["classes"]
    # The pipelines of val and test read no labels, the metric does.
    sample = loaded.get("data_samples")  # what a wrapper packs is a dictionary still
    shape = loaded["ori_shape"] if sample is None else sample.ori_shape
    ids, segments = read_true_segments(info, classes, shape)
    found = Contents(*np.zeros((2, len(classes)), np.int64), np.zeros(len(classes) + 1, np.int64))
    areas = dict(zip(*np.unique(ids, return_counts=True), strict=True))
    for segment in segments:
        (found.crowds if segment.iscrowd else found.segments)[segment.label] += 1
        found.pixels[segment.label] += areas.get(segment.id, 0)
    found.pixels[-1] = ids.size - found.pixels.sum()
    num_things = len(dataset.metainfo["thing_classes"])
    instances = [s for s in segments if s.label < num_things and not s.iscrowd]
    small = sum(areas.get(segment.id, 0) < SMALL_AREA for segment in instances)
    return found._replace(instances=len(instances), small=small)


def inspect_all(dataset: PanopticIdDataset) -> tuple[list[Contents], list[Exception]]:
    """Inspect all images on all cores, with a progress bar.

    Returns:
        The contents of the images without faults; and the faults, those of the listing first, then
        in the order of the images.

    Raises:
        OSError, ValueError: There is nothing to inspect.
    """
    infos, faults = dataset.list_images()

    def attempt(info: dict) -> Contents | Exception | None:
        try:
            return inspect(dataset, info)
        except (OSError, RuntimeError, ValueError) as error:
            return error

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        bar = tqdm(pool.map(attempt, infos), "checking", len(infos), unit="image")
        results = list(bar)
    faults = faults + [item for item in results if isinstance(item, Exception)]
    return [item for item in results if isinstance(item, Contents)], faults


def format_contents(contents: Sequence[Contents], classes: Sequence[str]) -> str:
    """A table with a line for each class: segments, crowds, images, pixels, and their share."""
    pixels = sum((item.pixels for item in contents), np.zeros(len(classes) + 1, np.int64))
    images = sum((item.pixels > 0 for item in contents), np.zeros(len(classes) + 1, np.int64))
    none = np.zeros(len(classes), np.int64)
    segments = [*sum((item.segments for item in contents), none), ""]
    crowds = [*sum((item.crowds for item in contents), none), ""]
    width = max(len(name) for name in [*classes, "class"])
    row = f"{{:<{width}}} {{:>9}} {{:>7}} {{:>7}} {{:>12}} {{:>7}}"
    lines = [row.format("class", "segments", "crowds", "images", "pixels", "share")]
    shares = 100 * pixels / max(pixels.sum(), 1)
    for name, *numbers, share in zip(
        [*classes, "void"], segments, crowds, images, pixels, shares, strict=True
    ):
        lines.append(row.format(name, *numbers, f"{share:.2f}%"))
    return "\n".join(lines)
