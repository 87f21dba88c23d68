"""Compare the gradients of the panoptic loss and of the instance losses in a trained HPS.

    python tools/analysis_tools/gradient_conflict.py configs/mini/hps-isi_r18_mini.py CHECKPOINT \
        configs/ablations/isi-*.py

For each part of the network: the norm of the panoptic loss's gradient over that of the instance
losses (RPN, box and mask), and the cosine of the angle between the two, for each config, with the
same weights and the first config's training data. A cosine below 0 says that a step for one loss
undoes some of the other.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config, DictAction
from mmengine.device import get_device

from mmhps import register_all_modules
from mmhps.markdown import markdown_table
from mmhps.studies.gradients import PARTS, compare_configs


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", help="config of an HPS model")
    parser.add_argument("checkpoint")
    parser.add_argument("others", nargs="*", metavar="OTHER", help="configs to compare with it")
    parser.add_argument("--batches", type=int, default=6, help="training batches to average over")
    parser.add_argument("--device", default=get_device(), help="default: %(default)s")
    parser.add_argument(
        "--cfg-options", nargs="+", action=DictAction, default={}, help="for all configs"
    )
    args = parser.parse_args(argv)
    if args.batches < 1:
        parser.error(f"--batches must be at least 1, got {args.batches}")
    return args


def main(argv: Sequence[str] | None = None) -> None:
    register_all_modules()
    args = parse_args(argv)
    try:
        configs = {Path(path).stem: Config.fromfile(path) for path in (args.config, *args.others)}
        for cfg in configs.values():
            cfg.merge_from_dict(args.cfg_options)
        results = compare_configs(configs, args.checkpoint, args.batches, args.device)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    rows = [
        [name, *(f"{ratio:.2f}, {cosine:+.2f}" for ratio, cosine in parts.values())]
        for name, parts in results.items()
    ]
    print("norm of the panoptic loss's gradient over that of the instance losses, cosine\n")
    print(markdown_table(["config", *PARTS], rows))


if __name__ == "__main__":
    main()
