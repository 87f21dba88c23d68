"""Pool the folds of a cross-validation, and say how sure the differences between systems are.

    python tools/analysis_tools/pooled_quality.py work_dirs/table1/kitti/{panoptic-fpn,hps}-seed?

Each photo is predicted by the run that held it out. Differences are those to the first system, with
intervals that hold 95 % of the draws of as many photos with replacement.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmengine.device import get_device

from mmhps import register_all_modules
from mmhps.engine.console import short_errors
from mmhps.studies.pooled import compare_pools, image_stats, pool
from mmhps.studies.systems import SYSTEMS
from mmhps.studies.tables import pooled_table
from mmhps.studies.timing import write_results


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "runs", nargs="+", type=Path, help="folders SYSTEM-seedK of finished runs of table1.py"
    )
    parser.add_argument("--out", type=Path, help="also write the values to this JSON file")
    parser.add_argument("--device", default=get_device(), help="default: %(default)s")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    register_all_modules()
    args = parse_args(argv)
    scored: dict[str, dict[str, dict]] = {}
    with short_errors():
        for run in args.runs:
            system = run.name.rpartition("-seed")[0] or run.name
            images, things = image_stats(run, args.device)
            scored.setdefault(system, {})[run.name] = images
        result = compare_pools({name: pool(runs) for name, runs in scored.items()}, things)
    print(pooled_table(result, SYSTEMS))
    if args.out:
        write_results(result, args.out)


if __name__ == "__main__":
    main()
