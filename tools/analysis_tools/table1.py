"""Train and score systems or ablations over several seeds, and print them as the paper's Table 1.

    python tools/analysis_tools/table1.py --dataset mini --seeds 0 1 2
    python tools/analysis_tools/table1.py configs/ablations/hps-*.py --seeds 0
    python tools/analysis_tools/table1.py --dataset kitti --folds 5 --seeds 0 1 2 3 4
    python tools/analysis_tools/table1.py --dataset mini --report

An interrupted sweep continues where it stopped. Every run keeps its metrics, config, commit and
duration in ``OUT/FOLDER-OF-THE-CONFIG/METHOD-seedN/result.json``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import DictAction

from mmhps import register_all_modules
from mmhps.studies.sweep import read_results, run_missing, write_summary
from mmhps.studies.systems import SUFFIXES, system_configs, titles_of
from mmhps.studies.tables import differences_table, results_table

CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("configs", nargs="*", type=Path, metavar="CONFIG", help="what to compare")
    parser.add_argument("--dataset", choices=SUFFIXES, help="compare the four systems on this data")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument(
        "--folds",
        type=int,
        help="cross-validation over the images of all splits: seed K holds out block K of so many",
    )
    parser.add_argument("--out", type=Path, default=Path("work_dirs/table1"))
    parser.add_argument("--report", action="store_true", help="only print the finished runs")
    parser.add_argument(
        "--summary",
        type=Path,
        help="also write the metrics to this JSON file; other systems in it stay",
    )
    parser.add_argument(
        "--cfg-options", nargs="+", action=DictAction, default={}, help="for all configs"
    )
    args = parser.parse_args(argv)
    if args.dataset:
        args.configs = [*system_configs(CONFIGS, args.dataset), *args.configs]
    if not args.configs:
        parser.error("name the configs to compare, or a --dataset for its four systems")
    missing = [str(path) for path in args.configs if not path.is_file()]
    if missing:
        parser.error(f"there is no config {', '.join(missing)}")
    return args


def main(argv: Sequence[str] | None = None) -> None:
    register_all_modules()
    args = parse_args(argv)
    if not args.report:
        run_missing(args.configs, args.seeds, args.out, args.cfg_options, args.folds)
    results = read_results(args.configs, args.seeds, args.out)
    if not any(results.values()):
        raise SystemExit(f"There is no result of these configs in {args.out} yet.")
    titles = titles_of(args.configs)
    print(f"\n{results_table(results, titles)}\n\n{differences_table(results, titles)}")
    if args.summary:
        write_summary(results, args.summary)


if __name__ == "__main__":
    main()
