"""Score one trained network with several fusions, and say what each gets wrong.

    python tools/analysis_tools/fusion_study.py configs/mini/hps_r18_mini.py CHECKPOINT \
        configs/ablations/fusion-*.py

The network of the first config runs once over its test data; of the other configs, only the fusion
is taken. A checkpoint of Panoptic FPN fits the config of HPS, as the two have the same weights.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config, DictAction
from mmengine.device import get_device

from mmhps import register_all_modules
from mmhps.studies.fusions import score_fusions
from mmhps.studies.tables import fusions_table

OWN = "as configured"


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", help="config of an HPS model")
    parser.add_argument("checkpoint")
    parser.add_argument("fusions", nargs="*", metavar="FUSION", help="configs of other fusions")
    parser.add_argument("--out", type=Path, help="also write the values to this JSON file")
    parser.add_argument("--device", default=get_device(), help="default: %(default)s")
    parser.add_argument(
        "--cfg-options", nargs="+", action=DictAction, default={}, help="for the first config"
    )
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    register_all_modules()
    args = parse_args(argv)
    try:
        own = Config.fromfile(args.config)
        own.merge_from_dict(args.cfg_options)
        others = [Config.fromfile(path) for path in args.fusions]
        names = [cfg.get("title", Path(cfg.filename).stem) for cfg in others]
        configs = {OWN: own, **dict(zip(names, others, strict=True))}
        results = score_fusions(configs, args.checkpoint, args.device)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    print(fusions_table(results))
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
