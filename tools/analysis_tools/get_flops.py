"""Count the parameters and operations of a model, in total and by part.

    python tools/analysis_tools/get_flops.py CONFIG [--shape 1024 2048]

Counted as MMEngine does: a multiplication with its addition is one operation, and convolutions,
matrix products, normalizations and interpolations count; RoIAlign, NMS and the fusion do not.
The heads' operations grow with the number of instances. The weights are random, and every model
keeps as many instances as its config allows, so that the result is that of a crowded image.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence

from mmhps import register_all_modules
from mmhps.apis.arguments import add_config_arguments, parse_config_args
from mmhps.models import resolve_classes
from mmhps.studies.complexity import count, image_shape


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table."""
    register_all_modules()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_config_arguments(parser)
    parser.add_argument(
        "--shape",
        nargs=2,
        type=int,
        metavar=("HEIGHT", "WIDTH"),
        help="default: the scale of the test pipeline",
    )
    args, config = parse_config_args(parser, argv)
    try:
        height, width = args.shape or image_shape(config)
    except ValueError as error:
        parser.error(f"{args.config}: {error}")
    resolve_classes(config)
    logging.getLogger("mmengine").setLevel(logging.ERROR)
    print(f"one image of {width}x{height} pixels")
    print(f"{'part':22} {'GFLOPs':>9} {'M params':>9}")
    for name, (operations, parameters) in count(config.model, (height, width)).items():
        print(f"{name:22} {operations / 1e9:9.2f} {parameters / 1e6:9.2f}")


if __name__ == "__main__":
    main()
