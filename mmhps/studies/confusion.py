"""Confusion of the classes by a trained model, in pixels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from tqdm import tqdm

from mmhps.apis.trained_models import load_model_of_classes, predict_panoptic
from mmhps.metrics.confusion import VOID_NAME, pixel_confusion, row_shares
from mmhps.metrics.matching import count_overlaps
from mmhps.models import resolve_classes
from mmhps.structures import predicted_segments
from mmhps.structures.id_formats import read_true_segments


def confusion_of_model(
    config: Config, checkpoint_path: str, device: str
) -> tuple[np.ndarray, list[str]]:
    """Predict the test data set of a config.

    Returns:
        Pixels, (C + 1, C + 1) int64, see ``pixel_confusion``, and the C class names.
    """
    init_default_scope(config.get("default_scope", "mmdet"))
    resolve_classes(config)
    dataset = DATASETS.build(config.test_dataloader.dataset)
    classes = dataset.metainfo["classes"]
    sources = {"the test data set": classes}
    model = load_model_of_classes(config.model, checkpoint_path, sources).to(device)
    total = np.zeros((len(classes) + 1, len(classes) + 1), dtype=np.int64)
    for index in tqdm(range(len(dataset)), "predicting", unit="image"):
        info = dataset.get_data_info(index)
        gt_ids, gt_segments = read_true_segments(info, classes)
        ids = predict_panoptic(model, dataset.pipeline, info)
        segments = predicted_segments(ids, len(classes), str(info["img_id"]))
        overlaps = count_overlaps(gt_ids, ids)
        total += pixel_confusion(overlaps, gt_segments, segments, len(classes))
    return total, list(classes)


def draw(counts: np.ndarray, names: Sequence[str]) -> Figure:
    """Draw the shares of each row in percent; numbers below 1 are left out.

    Args:
        counts: (C + 1, C + 1) pixels.
        names: C class names.
    """
    names = [*names, VOID_NAME]
    percent = 100 * row_shares(counts)
    side = 2.5 + 0.42 * len(names)
    figure = Figure(figsize=(side + 0.8, side), layout="constrained")
    axes = figure.add_subplot()
    picture = axes.imshow(percent, cmap="Blues", vmin=0, vmax=100)
    axes.set_xticks(range(len(names)), names, rotation=60, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    for row, column in zip(*np.nonzero(np.nan_to_num(percent) >= 1), strict=True):
        value = percent[row, column]
        color = "white" if value > 55 else "black"
        axes.text(column, row, f"{value:.0f}", ha="center", va="center", size=8, color=color)
    figure.colorbar(picture, label="% of the true class's pixels", shrink=0.7)
    return figure
