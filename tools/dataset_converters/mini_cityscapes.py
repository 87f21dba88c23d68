"""Draw mini-Cityscapes: street scenes in exactly the layout of the official data set.

    python tools/dataset_converters/mini_cityscapes.py data/mini_cityscapes

The same command writes the same bytes (with the same versions of numpy, OpenCV and Pillow) and
completes an interrupted run.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mmhps.converters.layout import RECORD
from mmhps.converters.mini_cityscapes import generate


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Command-line arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("out", type=Path, help="root folder of the data set")
    parser.add_argument("--train", type=int, default=800, help="number of training images")
    parser.add_argument("--val", type=int, default=300, help="number of validation images")
    parser.add_argument(
        "--size",
        type=int,
        nargs=2,
        default=(256, 128),
        metavar=("WIDTH", "HEIGHT"),
        help="image size in pixels",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the data set")
    parser.add_argument("--workers", type=int, default=2, help="number of processes")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    args = parse_args(argv)
    counts = {"train": args.train, "val": args.val}
    try:
        drawn = generate(args.out, counts, tuple(args.size), args.seed, args.workers)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("interrupted: the same command draws the rest")
    total = sum(counts.values())
    if drawn:
        print(f"{args.out}: {drawn} images drawn, {total} in all")
    else:
        print(f"{args.out}: all {total} images are there, as {RECORD} records; nothing to do")


if __name__ == "__main__":
    main()
