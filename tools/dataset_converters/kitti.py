"""Convert KITTI's semantic and instance benchmark of 2015 to the layout of Cityscapes.

    python tools/dataset_converters/kitti.py KITTI data/kitti

KITTI holds training/image_2/ and training/instance/ (`data_semantics.zip`). The same command
completes an interrupted run.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mmhps.converters.kitti import convert


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", type=Path, help="folder with training/image_2/, training/instance/")
    parser.add_argument("out", type=Path, help="root folder of the converted data set")
    parser.add_argument(
        "--size",
        type=int,
        nargs=2,
        default=(640, 192),
        metavar=("WIDTH", "HEIGHT"),
        help="resize to this (default: 640 192; 0 0 keeps the photos' size)",
    )
    args = parser.parse_args(argv)
    try:
        counts = convert(args.root, args.out, tuple(args.size))
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("interrupted: the same command converts the rest")
    print(f"{args.out}: " + ", ".join(f"{count} {split}" for split, count in counts.items()))


if __name__ == "__main__":
    main()
