"""Train and score the systems of the paper's Table 1 over several seeds, and print the table.

python tools/analysis_tools/table1.py --dataset mini --seeds 0 1 2
python tools/analysis_tools/table1.py --dataset mini --report

The variants of docs/study.md are methods as well. A sweep goes on where it was interrupted. Every
run keeps its metrics, config, commit and duration in ``OUT/DATASET/SYSTEM-seedN/result.json``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config, DictAction

from mmhps.engine.experiment import RESULT, train_and_score
from mmhps.engine.report import (
    SYSTEMS,
    VARIANTS,
    differences_table,
    results_table,
    title,
    write_summary,
)

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = {
    "mini": "mini/{}_r18_mini.py",
    "camvid": "camvid/{}_r18_camvid.py",
    "cityscapes": "cityscapes/{}_r101_cityscapes.py",
}


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", choices=CONFIGS, default="mini")
    parser.add_argument(
        "--methods",
        nargs="+",
        choices=[*SYSTEMS, *VARIANTS],
        default=list(SYSTEMS),
        metavar="METHOD",
        help=f"systems ({', '.join(SYSTEMS)}) or variants of them ({', '.join(VARIANTS)})",
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--out", type=Path, default=Path("work_dirs/table1"))
    parser.add_argument("--report", action="store_true", help="only print what is there")
    parser.add_argument(
        "--summary",
        type=Path,
        help="also write the metrics to this JSON file; other methods in it stay",
    )
    parser.add_argument(
        "--cfg-options", nargs="+", action=DictAction, default={}, help="for all configs"
    )
    return parser.parse_args(argv)


def configure(dataset: str, method: str) -> Config:
    """The config of a system or variant on a data set."""
    _, system, changes = VARIANTS.get(method, ("", method, {}))
    cfg = Config.fromfile(ROOT / "configs" / CONFIGS[dataset].format(system))
    cfg.merge_from_dict(changes)
    return cfg


def sweep(args: argparse.Namespace) -> None:
    """Run what is missing, seed by seed, so that an early report compares all systems."""
    jobs = [(seed, method) for seed in args.seeds for method in args.methods]
    for number, (seed, method) in enumerate(jobs, start=1):
        cfg = configure(args.dataset, method)
        cfg.merge_from_dict(args.cfg_options)
        heading = f"[{number}/{len(jobs)}] {title(method)}, seed {seed}"
        train_and_score(cfg, args.out / args.dataset / f"{method}-seed{seed}", heading, seed)


def read_results(args: argparse.Namespace) -> dict[str, dict[str, dict]]:
    """The finished runs by system and seed."""
    results: dict[str, dict[str, dict]] = {method: {} for method in args.methods}
    for method in args.methods:
        for seed in args.seeds:
            path = args.out / args.dataset / f"{method}-seed{seed}" / RESULT
            if path.exists():
                results[method][str(seed)] = json.loads(path.read_text(encoding="utf-8"))
    return results


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    if not args.report:
        sweep(args)
    results = read_results(args)
    if not any(results.values()):
        raise SystemExit(f"There is no result in {args.out / args.dataset} yet.")
    print(f"\n{results_table(results)}\n\n{differences_table(results)}")
    if args.summary:
        write_summary(results, args.summary)


if __name__ == "__main__":
    main()
