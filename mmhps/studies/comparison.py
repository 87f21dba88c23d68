"""Pictures side by side: of several models as in Figure 4 of the paper, and of training images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import mmcv
import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.dataset import BaseDataset, Compose
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from tqdm import tqdm

from mmhps.apis.trained_models import COMPARABLE, load_model_of_classes, predict_panoptic
from mmhps.engine.console import quiet
from mmhps.engine.guards import check_classes
from mmhps.models.class_counts import classes_of, resolve_classes
from mmhps.results import (
    PanopticResult,
    comparison_grid,
    legend_entries,
    panoptic_overlay,
    resize_ids,
    resize_image,
    scaled_size,
)
from mmhps.visualization import read_ground_truth


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
        dataset: Data set with ground truth, with the meta information of mmhps.datasets.
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
    """Read the configs, change the same options in all, and check that their classes agree.

    From then on, the terminal shows only warnings and the lines of mmhps.
    """
    quiet(MMLogger.get_current_instance())
    configs = [Config.fromfile(path) for path in paths]
    for config in configs:
        config.merge_from_dict(dict(options))
    init_default_scope(configs[0].get("default_scope", "mmdet"))
    metas = [classes_of(config.test_dataloader.dataset) for config in configs]
    classes = {path: meta["classes"] for path, meta in zip(paths, metas, strict=True)}
    check_classes(classes, COMPARABLE)
    for config in configs:
        resolve_classes(config)
    return configs


def draw_sample(
    inputs: torch.Tensor,
    sample: DetDataSample,
    classes: Sequence[str],
    palette: Sequence[tuple[int, int, int]],
    scale: float = 1.0,
) -> np.ndarray:
    """Draw what the pipeline delivered, image | ground truth.

    Args:
        inputs: (3, H, W) uint8 BGR.
        sample: With ``gt_panoptic_seg``.
        classes: Class names.
        palette: RGB colour per class.
        scale: Enlargement.

    Returns:
        (height, width, 3) uint8 RGB.

    Raises:
        ValueError: The sample has no panoptic ground truth.
    """
    if "gt_panoptic_seg" not in sample:
        raise ValueError(
            f"{sample.img_path}: the pipeline delivers no gt_panoptic_seg. Use LoadPanopticIds, "
            "PanopticIdsToInstances and PackPanopticInputs."
        )
    image = inputs.permute(1, 2, 0).numpy()[..., ::-1]
    size = scaled_size(image.shape[:2], scale)
    image = resize_image(image, size)
    ids = resize_ids(sample.gt_panoptic_seg.sem_seg[0].numpy(), size)
    legend = legend_entries([ids], classes, palette)
    overlay = panoptic_overlay(image, ids, palette)
    return comparison_grid([[image, overlay]], ["image", "ground truth"], legend)
