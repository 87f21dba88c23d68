"""Draw image | ground truth | one column per model, as Figure 4 of the paper does.

    python tools/analysis_tools/compare_panoptic.py CONFIG CHECKPOINT [CONFIG CHECKPOINT ...] \
        --out figure4.png --titles 'Panoptic FPN' 'HPS + ISI'

The images come from the test data set of the first config. Each model sees them through its own
test pipeline, so input sizes may differ; classes may not. With ``--extremes 3`` they are the three
on which the last model gains most over the first one, then the three on which it loses most; of a
single model, its three best and its three worst ones by PQ.
"""

from __future__ import annotations

import argparse
import difflib
import math
import random
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import mmcv
import numpy as np
from mmdet.registry import DATASETS
from mmengine.config import Config, DictAction
from mmengine.dataset import BaseDataset, Compose
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from tqdm import tqdm

from mmhps import register_all_modules
from mmhps.apis.trained_models import (
    COMPARABLE,
    load_model_of_classes,
    predict_panoptic,
)
from mmhps.engine.guards import check_classes
from mmhps.metrics.matching import panoptic_stats
from mmhps.metrics.quality import panoptic_quality
from mmhps.structures import VOID, predicted_segments
from mmhps.structures.id_formats import read_true_segments
from mmhps.visualization import (
    comparison_grid,
    legend_entries,
    panoptic_overlay,
    read_ground_truth,
    resize_ids,
    resize_image,
    scaled_size,
)


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse and check the command line; ``args.pairs`` holds (config, checkpoint) pairs."""
    parser = argparse.ArgumentParser(
        description="Draw image | ground truth | one column per model.",
        usage="%(prog)s CONFIG CHECKPOINT [CONFIG CHECKPOINT ...] --out FILE [options]",
    )
    parser.add_argument(
        "models", nargs="+", metavar="CONFIG CHECKPOINT", help="any number of pairs"
    )
    parser.add_argument("--out", required=True, help="picture to write, e.g. figure4.png")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--num", type=int, default=4, help="number of images, drawn by chance")
    choice.add_argument(
        "--extremes",
        type=int,
        metavar="N",
        help="instead, the N images with the highest and the N with the lowest difference in PQ of "
        "the last and the first model; of one model, those with the highest and the lowest PQ",
    )
    choice.add_argument("--images", nargs="+", metavar="STEM", help="names of the images instead")
    parser.add_argument("--seed", type=int, default=0, help="seed of the choice of --num images")
    parser.add_argument("--titles", nargs="+", help="one per model; default: name of its config")
    parser.add_argument("--scale", type=float, default=1.0, help="enlargement of each picture")
    parser.add_argument("--device", default=get_device(), help="default: %(default)s")
    parser.add_argument(
        "--cfg-options", nargs="+", action=DictAction, default={}, help="key=value, for all configs"
    )
    args = parser.parse_args(argv)
    if len(args.models) % 2:
        parser.error(f"expected CONFIG CHECKPOINT pairs, got {len(args.models)} names")
    args.pairs = list(zip(args.models[::2], args.models[1::2], strict=True))
    args.titles = args.titles or [Path(config).stem for config, _ in args.pairs]
    if len(args.titles) != len(args.pairs):
        parser.error(f"--titles: expected {len(args.pairs)}, one per model, got {args.titles}")
    if not args.scale > 0:
        parser.error(f"--scale: expected a factor above 0, got {args.scale}")
    if not Path(args.out).suffix or not cv2.haveImageWriter(args.out):
        parser.error(f"--out: expected the name of an image file such as x.png, got {args.out}")
    return args


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
) -> list[int]:
    """Choose images by the gain in PQ of the last model over the first, and print their PQ.

    Args:
        dataset: Data set with ground truth.
        predictions: Per model, the panoptic map (H, W) of each image. One model: by its PQ.
        num: How many images of either kind, see :func:`extremes`.

    Returns:
        Indices into the data set.
    """
    ends = predictions if len(predictions) == 1 else [predictions[0], predictions[-1]]
    scores = np.array([image_quality(dataset, ids) for ids in ends])
    gains = scores[0] if len(scores) == 1 else scores[1] - scores[0]
    chosen = extremes(gains.tolist(), num)
    for index in chosen:
        values = " → ".join(f"{score[index]:.1f}" for score in scores)
        print(f"{dataset.get_data_info(index)['img_id']}: PQ {values}")
    return chosen


def dataset_classes(config: Config) -> tuple[str, ...]:
    """Return the classes of a config's test data set, if possible without reading any file."""
    dataset = DATASETS.build({**config.test_dataloader.dataset, "lazy_init": True})
    if not dataset.metainfo.get("classes"):
        dataset.full_init()
    return tuple(dataset.metainfo["classes"])


def predict_all(
    args: argparse.Namespace, configs: Sequence[Config], dataset: BaseDataset, chosen: Sequence[int]
) -> list[list[np.ndarray]]:
    """Return each model's predictions of the chosen images; one model is in memory at a time."""
    maps: list[list[np.ndarray]] = []
    with tqdm(total=len(configs) * len(chosen), desc="predicting") as bar:
        for config, (_, path) in zip(configs, args.pairs, strict=True):
            classes = {args.pairs[0][0]: dataset.metainfo["classes"]}
            model = load_model_of_classes(config.model, path, classes).to(args.device)
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
    classes, palette = meta["classes"], meta["palette"]
    voids = (VOID, len(classes))  # of the ground truth and of the predictions
    rows, drawn = [], []
    for position, index in enumerate(chosen):
        info = dataset.get_data_info(index)
        image = mmcv.imread(info["img_path"], channel_order="rgb")
        maps = [read_ground_truth(info, classes, meta["thing_classes"])]
        maps += [predicted[position] for predicted in predictions]
        size = scaled_size(image.shape[:2], scale)
        image = resize_image(image, size)
        maps = [resize_ids(ids, size) for ids in maps]
        rows.append([image] + [panoptic_overlay(image, ids, palette, voids) for ids in maps])
        drawn += maps
    legend = legend_entries(drawn, classes, palette, voids)
    return comparison_grid(rows, ["image", "ground truth", *titles], legend)


def load_configs(args: argparse.Namespace) -> list[Config]:
    """Read the configs and check that their classes agree."""
    configs = [Config.fromfile(path) for path, _ in args.pairs]
    for config in configs:
        config.merge_from_dict(args.cfg_options)
    init_default_scope(configs[0].get("default_scope", "mmdet"))
    classes = {path: dataset_classes(c) for c, (path, _) in zip(configs, args.pairs, strict=True)}
    check_classes(classes, COMPARABLE)
    return configs


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    register_all_modules()
    args = parse_args(argv)
    try:
        configs = load_configs(args)
        dataset = DATASETS.build(configs[0].test_dataloader.dataset)
        infos = [dataset.get_data_info(index) for index in range(len(dataset))]
        if args.extremes is None:
            chosen = select_images(infos, args.num, args.images, args.seed)
            predictions = predict_all(args, configs, dataset, chosen)
        else:
            everything = predict_all(args, configs, dataset, range(len(dataset)))
            chosen = choose_extremes(dataset, everything, args.extremes)
            predictions = [[ids[index] for index in chosen] for ids in everything]
        picture = draw(dataset, chosen, predictions, args.titles, args.scale)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    mmcv.imwrite(picture[..., ::-1], args.out)
    print(f"{args.out}: {picture.shape[1]}x{picture.shape[0]} pixels, {len(chosen)} images")


if __name__ == "__main__":
    main()
