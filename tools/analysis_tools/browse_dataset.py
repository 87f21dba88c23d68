"""Draw images with their ground truth as the training pipeline delivers them.

    python tools/analysis_tools/browse_dataset.py CONFIG --out-dir pictures [--num 20] [--scale 3]

Each picture shows the image after all transforms, and beside it the ground truth: stuff in the
colour of its class, instances with outlines, void hatched.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import mmcv
import numpy as np
from mmdet.registry import DATASETS
from tqdm import tqdm

from mmhps import register_all_modules
from mmhps.apis.arguments import add_config_arguments, parse_config_args
from mmhps.studies.comparison import draw_sample


def main(argv: Sequence[str] | None = None) -> None:
    """Draw the chosen images into the folder."""
    register_all_modules()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_config_arguments(parser)
    parser.add_argument("--out-dir", type=Path, required=True)
    parser.add_argument("--num", type=int, default=20, help="number of images, chosen at random")
    parser.add_argument("--seed", type=int, default=0, help="seed of choice and augmentation")
    parser.add_argument("--scale", type=float, default=1.0, help="enlargement of the pictures")
    args, config = parse_config_args(parser, argv)
    random.seed(args.seed)
    np.random.seed(args.seed)
    try:
        dataset = DATASETS.build(config.train_dataloader.dataset)
        if not 1 <= args.num <= len(dataset):
            raise ValueError(f"--num: expected 1..{len(dataset)} (all images), got {args.num}")
        meta = dataset.metainfo
        chosen = sorted(random.sample(range(len(dataset)), args.num))
        for index in tqdm(chosen, "drawing", unit="image"):
            item = dataset[index]
            sample = item["data_samples"]
            picture = draw_sample(
                item["inputs"], sample, meta["classes"], meta["palette"], args.scale
            )
            name = f"{index:05d}_{Path(sample.img_path).stem}.png"
            mmcv.imwrite(picture[..., ::-1], str(args.out_dir / name))
    except (OSError, RuntimeError, ValueError) as error:
        sys.exit(f"error: {error}")
    print(f"{args.num} pictures are in {args.out_dir}")


if __name__ == "__main__":
    main()
