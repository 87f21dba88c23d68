"""What may spoil a training although every file can be read."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from mmhps.datasets import PanopticIdDataset
from mmhps.datasets.contents import SMALL_AREA, Contents
from mmhps.datasets.sample_cache import CachedSteps
from mmhps.datasets.transforms.alignment import LEAST_AGREEMENT, agreement, picture_of_labels
from mmhps.datasets.transforms.loading import LoadPanopticIds
from mmhps.structures import VOID
from mmhps.structures.picture_files import read_picture

_FEW = 10  # segments of a class
_SAMPLES, _TRIES = 8, 4
_DIFFERENCE = 20  # grey levels, in the mean, between two readings of an image


def warnings(contents: Sequence[Contents], classes: Sequence[str]) -> Iterator[str]:
    """Sentences about rare classes and small instances."""
    segments = sum((item.segments for item in contents), np.zeros(len(classes), np.int64))
    rare = [f"{name} ({n})" for name, n in zip(classes, segments, strict=True) if n < _FEW]
    if rare:
        yield (
            f"fewer than {_FEW} segments of {', '.join(rare)}. Leave such classes out, or do not "
            f"trust their PQ."
        )
    small, instances = (sum(getattr(c, name) for c in contents) for name in ("small", "instances"))
    if small:
        yield (
            f"{small} of {instances} instances are below {SMALL_AREA} pixels, before any resizing. "
            f"PanopticIdsToInstances(min_area=...) ignores what is too small to learn."
        )


def same_images(ours: Iterable[str], theirs: Iterable[str]) -> list[str]:
    """The paths among ours whose files have the same bytes as one of theirs."""
    by_size = defaultdict(set)
    for path in theirs:
        if os.path.isfile(path):
            by_size[os.path.getsize(path)].add(path)
    known: dict[int, set[bytes]] = {}
    same = []
    for path in ours:
        size = os.path.getsize(path) if os.path.isfile(path) else -1
        if size not in by_size:
            continue  # most files are told apart without being read
        if size not in known:
            known[size] = {_digest(other) for other in by_size[size]}
        if _digest(path) in known[size]:
            same.append(path)
    return same


def _digest(path: str) -> bytes:
    return hashlib.sha256(Path(path).read_bytes()).digest()


def pipeline_faults(dataset: PanopticIdDataset, infos: Sequence[dict]) -> list[Exception]:
    """Run the pipeline on some images, and compare what it makes of image and label map.

    The image must be what the inferencer reads, and a picture of labels must still show its labels
    at the end. Images and pipelines without labels, and images that cannot be loaded, are passed
    over: :func:`mmhps.datasets.contents.inspect_all` reports the latter.
    """
    places = np.linspace(0, len(infos) - 1, min(_SAMPLES, len(infos))).round().astype(int)
    chosen = [infos[place] for place in places]
    faults: list[Exception] = []
    for info in {info["img_path"]: info for info in chosen}.values():
        try:
            fault = _reading_fault(dataset, info) or _moving_fault(dataset, info)
        except (OSError, RuntimeError, ValueError, KeyError, TypeError):
            continue
        faults += [] if fault is None else [ValueError(f"{info['img_path']}: {fault}")]
    return faults


def _split_steps(dataset: PanopticIdDataset) -> tuple[list, list]:
    """The steps before ``LoadPanopticIds``, and those behind it."""
    steps = [
        step
        for part in dataset.pipeline.transforms
        for step in (part.steps if isinstance(part, CachedSteps) else [part])
    ]
    kinds = [type(step) for step in steps]
    place = kinds.index(LoadPanopticIds) if LoadPanopticIds in kinds else len(steps)
    return steps[:place], steps[place + 1 :]


def _run(steps: Sequence, results: dict) -> dict | None:
    for step in steps:
        results = step(results)
        if results is None:
            return None
    return results


def _reading_fault(dataset: PanopticIdDataset, info: dict) -> str | None:
    loaders, rest = _split_steps(dataset)
    loaded = _run(loaders, dict(info)) if rest else None
    if loaded is None or "img" not in loaded:
        return None
    expected = read_picture(info["img_path"]).astype(np.float32)
    image = loaded["img"]
    if image.shape == expected.shape and np.abs(image - expected).mean() <= _DIFFERENCE:
        return None
    return (
        f"the pipeline reads this image ({image.shape}) otherwise than the inferencer "
        f"({expected.shape}, BGR). Load it with LoadImageFromFile, without other arguments."
    )


def _moving_fault(dataset: PanopticIdDataset, info: dict) -> str | None:
    loaders, steps = _split_steps(dataset)
    shape = read_picture(info["img_path"]).shape[:2]
    for seed in range(_TRIES if steps else 0):
        packed = _run(steps, {**info, **picture_of_labels(seed, shape)})
        if packed is None or "gt_sem_seg" not in packed.get("data_samples", ()):
            continue
        semantic = packed["data_samples"].gt_sem_seg.sem_seg[0].numpy()
        shown = packed["inputs"].numpy().transpose(1, 2, 0)[semantic != VOID]
        found = agreement(shown, semantic[semantic != VOID] % 2)
        if found < LEAST_AGREEMENT:
            return (
                f"the pipeline moves the image but not its label map: a picture of the labels "
                f"agrees with them by {found:.2f} only (1: fully). Check the transforms behind "
                f"LoadPanopticIds, those of your own first."
            )
    return None
