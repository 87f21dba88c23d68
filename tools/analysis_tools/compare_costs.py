"""Measure what trained systems cost, alternately on the same images.

    python tools/analysis_tools/compare_costs.py CONFIG CHECKPOINT [CONFIG CHECKPOINT ...]

Prints parameters, operations and times; a training step is also compared with that of the first
system. Run it on an idle machine, and look at the ratios: times depend on the machine.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config

from mmhps import register_all_modules
from mmhps.engine.console import short_errors
from mmhps.studies.costs import measure_costs
from mmhps.studies.systems import titles_of
from mmhps.studies.tables import costs_table


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("systems", nargs="+", metavar="CONFIG CHECKPOINT")
    parser.add_argument("--repeats", type=int, default=5, help="timed rounds over three batches")
    parser.add_argument("--out", type=Path, help="also write the values to this JSON file")
    args = parser.parse_args(argv)
    if len(args.systems) % 2:
        parser.error(f"expected pairs of a config and a checkpoint, got {len(args.systems)} words")
    return args


def main(argv: Sequence[str] | None = None) -> None:
    register_all_modules()
    args = parse_args(argv)
    paths, checkpoints = args.systems[::2], args.systems[1::2]
    systems = [(Config.fromfile(p), c) for p, c in zip(paths, checkpoints, strict=True)]
    costs = measure_costs(systems, args.repeats)
    print(costs_table(costs, titles_of(map(Path, paths))))
    if args.out:
        args.out.write_text(json.dumps(costs, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    with short_errors():
        main()
