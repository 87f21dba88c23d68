"""Pictures of several models side by side, as in Figure 4 of the paper."""

from __future__ import annotations

import difflib
import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mmcv
import numpy as np
from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.dataset import BaseDataset, Compose
from mmengine.registry import init_default_scope
from tqdm import tqdm

from mmhps.apis.trained_models import (
    COMPARABLE,
    load_model_of_classes,
    predict_panoptic,
)
from mmhps.engine.guards import check_classes
from mmhps.metrics.matching import panoptic_stats
from mmhps.metrics.quality import panoptic_quality
from mmhps.models import resolve_classes
from mmhps.structures import predicted_segments
from mmhps.structures.id_formats import read_true_segments
from mmhps.visualization import (
    PanopticResult,
    comparison_grid,
    legend_entries,
    read_ground_truth,
    resize_image,
    scaled_size,
)


def select_images(
    infos: Sequence[Mapping[str, Any]], num: int, stems: Sequence[str] | None, seed: int
) -> list[int]:
    """Choose images by name, or ``num`` of them by chance in the order of the data set.

    Args:
        infos: Data infos with ``img_id`` and ``img_path``.
        num: How many images to draw if no ``stems`` are given.
        stems: Image ids, or file names with or without their ending.
        seed: Seed of the choice by chance.

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


def dataset_classes(config: Config) -> tuple[str, ...]:
    """Return the classes of a config's test data set, if possible without reading any file."""
    dataset = DATASETS.build({**config.test_dataloader.dataset, "lazy_init": True})
    if not dataset.metainfo.get("classes"):
        dataset.full_init()
    return tuple(dataset.metainfo["classes"])


def predict_all(
    models: Sequence[tuple[Config, str]], dataset: BaseDataset, chosen: Sequence[int], device: str
) -> list[list[np.ndarray]]:
    """Each model's predictions of the chosen images; one model is in memory at a time.

    Args:
        models: Config and checkpoint of each.
        dataset: Where the images come from.
        chosen: Indices of the images.
        device: Where the models run.
    """
    maps: list[list[np.ndarray]] = []
    with tqdm(total=len(models) * len(chosen), desc="predicting") as bar:
        for config, path in models:
            classes = {models[0][0].filename: dataset.metainfo["classes"]}
            model = load_model_of_classes(config.model, path, classes).to(device)
            pipeline = Compose(config.test_dataloader.dataset.pipeline)
            maps.append([])
            for index in chosen:
                info = dataset.get_data_info(index)
                maps[-1].append(predict_panoptic(model, pipeline, info))
                bar.update()
    return maps


def draw(
    dataset: BaseDataset,
    chosen: Sequence[int],
    predictions: Sequence[Sequence[np.ndarray]],
    titles: Sequence[str],
    scale: float = 1.0,
) -> np.ndarray:
    """Draw the grid.

    Args:
        dataset: Data set with ground truth, full of the meta information of mmhps.datasets.
        chosen: Indices of the images, one per row.
        predictions: Per model, the panoptic map (H, W) of each chosen image.
        titles: One per model.
        scale: Enlargement of each picture.

    Returns:
        (height, width, 3) uint8 RGB.
    """
    meta = dataset.metainfo
    classes = meta["classes"]
    rows, drawn = [], []
    for position, index in enumerate(chosen):
        info = dataset.get_data_info(index)
        image = mmcv.imread(info["img_path"], channel_order="rgb")
        results = [PanopticResult(read_ground_truth(info, classes, meta["thing_classes"]), meta)]
        results += [PanopticResult.of_prediction(ids[position], meta) for ids in predictions]
        size = scaled_size(image.shape[:2], scale)
        image = resize_image(image, size)
        results = [result.resized(size) for result in results]
        rows.append([image, *(result.overlay(image, legend=False) for result in results)])
        drawn += [result.panoptic for result in results]
    legend = legend_entries(drawn, classes, meta["palette"])
    return comparison_grid(rows, ["image", "ground truth", *titles], legend)


def load_configs(paths: Sequence[str], options: Mapping[str, Any]) -> list[Config]:
    """Read the configs, change the same options in all, and check that their classes agree."""
    configs = [Config.fromfile(path) for path in paths]
    for config in configs:
        config.merge_from_dict(dict(options))
    init_default_scope(configs[0].get("default_scope", "mmdet"))
    classes = {path: dataset_classes(config) for path, config in zip(paths, configs, strict=True)}
    check_classes(classes, COMPARABLE)
    for config in configs:
        resolve_classes(config)
    return configs
