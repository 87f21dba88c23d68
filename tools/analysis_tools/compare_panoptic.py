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
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import mmcv
from mmdet.registry import DATASETS
from mmengine.config import DictAction
from mmengine.device import get_device

from mmhps import register_all_modules
from mmhps.studies.comparison import draw, load_configs, predict_all
from mmhps.studies.image_choice import choose_extremes, select_images


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
    choice.add_argument("--num", type=int, default=4, help="number of images, chosen at random")
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


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    register_all_modules()
    args = parse_args(argv)
    try:
        configs = load_configs([config for config, _ in args.pairs], args.cfg_options)
        models = [(config, path) for config, (_, path) in zip(configs, args.pairs, strict=True)]
        dataset = DATASETS.build(configs[0].test_dataloader.dataset)
        if args.extremes is None:
            infos = [dataset.get_data_info(index) for index in range(len(dataset))]
            chosen = select_images(infos, args.num, args.images, args.seed)
            predictions = predict_all(models, dataset, chosen, args.device)
        else:
            everything = predict_all(models, dataset, range(len(dataset)), args.device)
            chosen, scores = choose_extremes(dataset, everything, args.extremes)
            for index, values in zip(chosen, scores.T, strict=True):
                change = " → ".join(f"{value:.1f}" for value in values)
                print(f"{dataset.get_data_info(index)['img_id']}: PQ {change}")
            predictions = [[ids[index] for index in chosen] for ids in everything]
        picture = draw(dataset, chosen, predictions, args.titles, args.scale)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    mmcv.imwrite(picture[..., ::-1], args.out)
    print(f"{args.out}: {picture.shape[1]}x{picture.shape[0]} pixels, {len(chosen)} images")


if __name__ == "__main__":
    main()
