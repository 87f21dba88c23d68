"""Panoptic quality of COCO panoptic files, as the official evaluator computes it."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from tqdm import tqdm

from mmhps.metrics.files import PanopticFiles, check_images
from mmhps.metrics.matching import Overlaps, PanopticStats, count_overlaps, match_segments
from mmhps.metrics.quality import panoptic_quality
from mmhps.structures import NO_SEGMENT, Segment
from mmhps.structures.id_files import read_rgb_ids

T = TypeVar("T")

logger = logging.getLogger(__name__)


def score_files(gt: PanopticFiles, pred: PanopticFiles, jobs: int | None = None) -> dict[str, Any]:
    """Score all images of the ground truth in several threads, with a progress bar.

    Equals ``csEvalPanopticSemanticLabeling`` wherever that gives a number, for any category ids.
    Inconsistent predictions are therefore errors, while inconsistent ground truth (a segment listed
    but not drawn, drawn but not listed, or with a wrong area) is scored as the official evaluator
    does, with a warning.

    Args:
        gt: The ground truth.
        pred: The predictions.
        jobs: How many images are scored at a time; None for one on each core.

    Returns:
        The result of :func:`panoptic_quality` with names; ``per_class`` is a list in the order
        of the categories, each with ``id`` and ``name``.

    Raises:
        FileNotFoundError, OSError, ValueError: Naming the file, what is wrong, and the remedy.
    """
    labels = gt.labels()
    check_images(gt, pred)
    scored = map_images(partial(score_image, gt, pred, labels), gt, "scoring", jobs)
    contradictions = [text for _, texts in scored for text in texts]
    if contradictions:
        logger.warning(
            "warning: the ground truth contradicts itself in %d places, the first is %s. It is "
            "scored as the official evaluator does; better write these files again.",
            len(contradictions),
            contradictions[0],
        )
    total = PanopticStats.total((stats for stats, _ in scored), len(labels))
    result = panoptic_quality(total, [item["isthing"] == 1 for item in gt.categories])
    result["per_class"] = [
        {"id": item["id"], "name": item["name"], **values}
        for item, values in zip(gt.categories, result["per_class"], strict=True)
    ]
    return result


def map_images(
    function: Callable[[Any], T], gt: PanopticFiles, description: str, jobs: int | None = None
) -> list[T]:
    """Call a function with each image id of the ground truth in ``jobs`` threads, with a bar.

    Returns:
        Its results in the order of ``gt.annotations``.
    """
    # Decoding and numpy release the interpreter lock: threads use all cores.
    with ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        results = pool.map(function, gt.annotations)
        return list(tqdm(results, description, len(gt.annotations), unit="image"))


def score_image(
    gt: PanopticFiles, pred: PanopticFiles, labels: Mapping[Any, int], image_id: Any
) -> tuple[PanopticStats, list[str]]:
    """Compare the two id maps of one image.

    Returns:
        Its statistics, and a sentence for each contradiction in its ground truth.
    """
    overlaps, gt_segments, pred_segments = read_overlaps(gt, pred, labels, image_id)
    areas, contradictions = _gt_areas(gt, image_id, overlaps)
    try:
        stats = match_segments(overlaps, gt_segments, pred_segments, len(labels), NO_SEGMENT, areas)
    except ValueError as error:
        raise ValueError(f"{pred.png(image_id)} and {gt.png(image_id)}: {error}") from error
    return stats, contradictions


def read_overlaps(
    gt: PanopticFiles, pred: PanopticFiles, labels: Mapping[Any, int], image_id: Any
) -> tuple[Overlaps, list[Segment], list[Segment]]:
    """Read the two id maps of one image.

    Args:
        gt: Ground truth.
        pred: Predictions.
        labels: Label 0..C-1 of each category id.
        image_id: One of ``gt.annotations``.

    Returns:
        The joint histogram of the id maps, the true and the predicted segments.

    Raises:
        OSError, ValueError: A PNG is broken, the two differ in size, or a predicted segment is not
            listed or has an unknown category.
    """
    gt_png, pred_png = gt.png(image_id), pred.png(image_id)
    gt_ids, pred_ids = read_rgb_ids(gt_png), read_rgb_ids(pred_png)
    if gt_ids.shape != pred_ids.shape:
        raise ValueError(
            f"{pred_png}: height and width are {pred_ids.shape}, but {gt_ids.shape} in {gt_png}. "
            "Write predictions at the size of the ground truth."
        )
    overlaps = count_overlaps(gt_ids, pred_ids)
    gt_segments, pred_segments = gt.segments(image_id, labels), pred.segments(image_id, labels)
    listed = {segment.id for segment in pred_segments}
    unlisted = set(overlaps.pred.tolist()) - listed - {NO_SEGMENT}
    if unlisted:
        raise ValueError(
            f"{pred_png}: segments {sorted(unlisted)} are in the PNG, but {pred.path} does not "
            "list them. Add each to segments_info, and draw void in black."
        )
    return overlaps, gt_segments, pred_segments


def _gt_areas(gt: PanopticFiles, image_id: Any, overlaps: Overlaps) -> tuple[list[int], list[str]]:
    """Return the areas that the JSON states (counted if it does not), and the contradictions."""
    drawn: dict[int, int] = {}
    for key, pixels in zip(overlaps.gt.tolist(), overlaps.pixels.tolist(), strict=True):
        drawn[key] = drawn.get(key, 0) + pixels
    stated = {
        item["id"]: item.get("area", drawn.get(item["id"], 0))
        for item in gt.annotations[image_id]["segments_info"]
    }
    contradictions = []
    for key in sorted(stated.keys() | drawn.keys() - {NO_SEGMENT}):
        if key not in stated:
            contradictions.append(f"{gt.png(image_id)}: segment {key} is drawn, but not listed")
        elif stated[key] != drawn.get(key):
            contradictions.append(
                f"{gt.png(image_id)}: segment {key} has {drawn.get(key, 0)} pixels, "
                f"but {gt.path} says {stated[key]}"
            )
    return list(stated.values()), contradictions
