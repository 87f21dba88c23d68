"""Convert a Mask R-CNN or Panoptic FPN of MMDetection into initial weights of our systems.

    python tools/model_converters/mmdet_to_mmhps.py CONFIG CHECKPOINT OUT.pth

CHECKPOINT is a file of MMDetection's model zoo, 2.x or 3.x, e.g. trained on COCO; CONFIG is what
will be trained. OUT.pth goes into ``load_from``; the command for it is printed, after a table of
what became of each weight:

- Layers of the same name and shape are taken over. *Semantic + Instance* gets two copies of the
  backbone and the neck.
- The box and mask heads' rows of a class go to the class of the same name; the background's row
  is kept. A class that the checkpoint does not know (rider, for COCO) starts from scratch.
- Of the semantic head only the 3x3 convolutions are taken over. MMDetection's head has group
  normalization, sums levels, and has one class for all things; the paper's has batch normalization,
  concatenates levels, and has a class for each thing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mmhps import register_all_modules
from mmhps.apis.arguments import add_config_arguments, parse_config_args
from mmhps.converters.mmdet_checkpoint import as_options, convert


def main(argv: Sequence[str] | None = None) -> None:
    register_all_modules()
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog=__doc__.partition("\n\n")[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_config_arguments(parser)
    parser.add_argument("checkpoint", type=Path, help="MMDetection's file, as downloaded")
    parser.add_argument("out", type=Path, help="the file to write")
    args, config = parse_config_args(parser, argv)
    try:
        settings, report = convert(config, args.checkpoint, args.out)
    except (FileNotFoundError, ValueError) as error:
        sys.exit(f"mmdet_to_mmhps: {error}")
    print(report)
    options = as_options({**args.cfg_options, **settings})
    print(f"python tools/train.py {args.config} --cfg-options {options}")


if __name__ == "__main__":
    main()
