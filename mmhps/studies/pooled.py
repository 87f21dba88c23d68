"""Pool the folds of a cross-validation: PQ over all images, each predicted by the run that held
it out.

A class that a block of images shows once is ruled by chance there, and counts as much as the road.
Over all blocks there are enough images to draw them again and see how sure a difference is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from mmdet.registry import METRICS
from tqdm import tqdm

from mmhps.metrics.bootstrap import difference_intervals
from mmhps.metrics.matching import PanopticStats
from mmhps.metrics.quality import GROUPS, panoptic_quality
from mmhps.studies.fusions import network_and_data, read_network

__all__ = ["compare_pools", "image_stats", "pool"]

Key = tuple[str, str]
"""What tells images apart: ``img_id`` and path of the label file."""


def image_stats(run: Path, device: str) -> tuple[dict[Key, PanopticStats], list[bool]]:
    """Score a finished run on its test data, image by image.

    Args:
        run: Folder of a run of ``table1.py``.
        device: Where the network runs.

    Returns:
        Statistics by image, and which classes are things.

    Raises:
        FileNotFoundError: The folder holds no finished run.
    """
    cfg, checkpoint = read_network(run, None)
    model, loader = network_and_data(cfg, checkpoint, device)
    metric = METRICS.build(cfg.test_evaluator)
    metric.dataset_meta = meta = loader.dataset.metainfo
    with torch.inference_mode():
        for batch in tqdm(loader, desc=run.name, unit="batch"):
            samples = model.test_step(batch)
            metric.process(batch, [sample.to_dict() for sample in samples])
    things = [name in meta["thing_classes"] for name in meta["classes"]]
    return {item["key"]: item["stats"] for item in metric.results}, things


def pool(runs: Mapping[str, Mapping[Key, PanopticStats]]) -> dict[Key, PanopticStats]:
    """Join the images of several runs of one system.

    Raises:
        ValueError: Two runs scored the same image.
    """
    joined: dict[Key, PanopticStats] = {}
    for name, images in runs.items():
        twice = sorted(joined.keys() & images.keys())
        if twice:
            raise ValueError(
                f"{name}: image {twice[0][0]!r} was scored by another run as well. Name runs that "
                f"hold out different blocks (table1.py --folds)."
            )
        joined |= images
    return joined


def compare_pools(
    pools: Mapping[str, Mapping[Key, PanopticStats]], things: Sequence[bool]
) -> dict[str, Any]:
    """PQ of each system over all images, and its difference to the first one.

    Args:
        pools: Images by system.
        things: Which classes are things.

    Raises:
        ValueError: The systems were scored on different images.

    Returns:
        ``images``, their number, and ``systems``: by name, for ``All``, ``Things`` and ``Stuff``
        ``pq`` and, but for the first system, ``difference``, ``low`` and ``high``, in percent.
    """
    (first, baseline), *_ = pools.items()
    keys = sorted(baseline)
    systems: dict[str, dict[str, dict[str, float]]] = {}
    for name, images in pools.items():
        if images.keys() != baseline.keys():
            raise ValueError(
                f"{name} was scored on {len(images)} images, {first} on {len(baseline)}, and they "
                f"are not the same. Name the same folds of each system."
            )
        stats = [images[key] for key in keys]
        quality = panoptic_quality(PanopticStats.total(stats, len(things)), things)
        cells = {group: dict(pq=quality[group]["pq"]) for group in GROUPS}
        if name != first:
            intervals = difference_intervals(stats, [baseline[key] for key in keys], things)
            for group, values in intervals.items():
                cells[group] |= dict(zip(("difference", "low", "high"), values, strict=True))
        systems[name] = {
            group: {key: round(100 * value, 3) for key, value in values.items()}
            for group, values in cells.items()
        }
    return dict(images=len(keys), systems=systems)
