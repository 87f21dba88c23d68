"""Choose images of a data set for a comparison: by name, at random, or by the gain in PQ."""

from __future__ import annotations

import difflib
import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset

from mmhps.metrics.matching import panoptic_stats
from mmhps.metrics.quality import panoptic_quality
from mmhps.structures import predicted_segments
from mmhps.structures.id_formats import read_true_segments


def select_images(
    infos: Sequence[Mapping[str, Any]], num: int, stems: Sequence[str] | None, seed: int
) -> list[int]:
    """Choose images by name, or ``num`` of them at random, in the order of the data set.

    Args:
        infos: Data infos with ``img_id`` and ``img_path``.
        num: How many images to draw if no ``stems`` are given.
        stems: Image ids, or file names with or without their ending.
        seed: Seed of the random choice.

    Returns:
        Indices into ``infos``.

    Raises:
        ValueError: A name is unknown or ambiguous, or there are fewer than ``num`` images.
    """
    if stems is None:
        if not 1 <= num <= len(infos):
            raise ValueError(f"--num: expected 1..{len(infos)} (all images), got {num}")
        return sorted(random.Random(seed).sample(range(len(infos)), num))
    names: dict[str, set[int]] = {}
    for index, info in enumerate(infos):
        path = Path(info["img_path"])
        for name in (str(info["img_id"]), path.stem, path.name):
            names.setdefault(name, set()).add(index)
    for stem in stems:
        if len(names.get(stem, ())) != 1:
            close = difflib.get_close_matches(stem, names, 3, 0) or sorted(names)[:3]
            problem = "occurs several times" if stem in names else "is not in the test data set"
            raise ValueError(f"--images: {stem!r} {problem}; names are such as {close}")
    return [next(iter(names[stem])) for stem in stems]


def extremes(gains: Sequence[float], num: int) -> list[int]:
    """The images with the highest gains, best first, then those with the lowest, worst last.

    Args:
        gains: One per image; images with nan are left out.
        num: How many of either kind.

    Returns:
        Indices into ``gains``; ties in their order.

    Raises:
        ValueError: Fewer than ``2 * num`` images are left.
    """
    known = [index for index, gain in enumerate(gains) if not math.isnan(gain)]
    if not 1 <= num <= len(known) // 2:
        raise ValueError(f"--extremes: expected 1..{len(known) // 2} (half the images), got {num}")
    ranking = sorted(known, key=lambda index: -gains[index])
    return ranking[:num] + ranking[-num:]


def image_quality(dataset: BaseDataset, ids: Sequence[np.ndarray]) -> list[float]:
    """PQ of each image of a data set over the classes that occur in it, in percent, nan if none.

    Args:
        dataset: Data set with ground truth.
        ids: Predicted panoptic maps (H, W) in the order of the data set.
    """
    classes, things = dataset.metainfo["classes"], dataset.metainfo["thing_classes"]
    is_thing = [name in things for name in classes]
    scores = []
    for index, predicted in enumerate(ids):
        info = dataset.get_data_info(index)
        gt_ids, gt_segments = read_true_segments(info, classes)
        segments = predicted_segments(predicted, len(classes), str(info["img_id"]))
        stats = panoptic_stats(gt_ids, gt_segments, predicted, segments, len(classes))
        scores.append(100 * panoptic_quality(stats, is_thing)["All"]["pq"])
    return scores


def choose_extremes(
    dataset: BaseDataset, predictions: Sequence[Sequence[np.ndarray]], num: int
) -> tuple[list[int], np.ndarray]:
    """Choose images by the gain in PQ of the last model over the first.

    Args:
        dataset: Data set with ground truth.
        predictions: Per model, the panoptic map (H, W) of each image. One model: by its PQ.
        num: How many images of either kind, see :func:`extremes`.

    Returns:
        Indices into the data set, and the PQ of the chosen images (models, images): of the first
        and the last model, or of the only one.
    """
    ends = predictions if len(predictions) == 1 else [predictions[0], predictions[-1]]
    scores = np.array([image_quality(dataset, ids) for ids in ends])
    gains = scores[0] if len(scores) == 1 else scores[1] - scores[0]
    chosen = extremes(gains.tolist(), num)
    return chosen, scores[:, chosen]
