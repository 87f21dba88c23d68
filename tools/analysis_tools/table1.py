"""Train and score the systems of the paper's Table 1 over several seeds, and print the table.

python tools/analysis_tools/table1.py --dataset mini --seeds 0 1 2
python tools/analysis_tools/table1.py --dataset mini --report

A sweep goes on where it was interrupted. Every run keeps its metrics, config, commit and duration
in ``OUT/DATASET/SYSTEM-seedN/result.json``.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmengine.config import Config, DictAction

from mmhps.engine.experiment import HEADER, RESULT, VALUES, markdown_table, train_and_score

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = {
    "mini": "mini/{}_r18_mini.py",
    "camvid": "camvid/{}_r18_camvid.py",
    "cityscapes": "hps/{}_r101_cityscapes.py",
}
SYSTEMS = {
    "semantic-plus-instance": "Semantic + Instance",
    "panoptic-fpn": "Panoptic FPN",
    "hps": "HPS",
    "hps-isi": "HPS + ISI",
}
Runs = dict[int, dict]


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", choices=CONFIGS, default="mini")
    parser.add_argument("--methods", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--out", type=Path, default=Path("work_dirs/table1"))
    parser.add_argument("--report", action="store_true", help="only print what is there")
    parser.add_argument("--summary", type=Path, help="also write the metrics to this JSON file")
    parser.add_argument(
        "--cfg-options", nargs="+", action=DictAction, default={}, help="for all configs"
    )
    return parser.parse_args(argv)


def sweep(args: argparse.Namespace) -> None:
    """Run what is missing, seed by seed, so that an early report compares all systems."""
    jobs = [(seed, method) for seed in args.seeds for method in args.methods]
    for number, (seed, method) in enumerate(jobs, start=1):
        cfg = Config.fromfile(ROOT / "configs" / CONFIGS[args.dataset].format(method))
        cfg.merge_from_dict(args.cfg_options)
        title = f"[{number}/{len(jobs)}] {SYSTEMS[method]}, seed {seed}"
        train_and_score(cfg, args.out / args.dataset / f"{method}-seed{seed}", title, seed)


def read_results(folder: Path, methods: Sequence[str], seeds: Sequence[int]) -> dict[str, Runs]:
    """The finished runs of each system, by seed."""
    results: dict[str, Runs] = {}
    for method in methods:
        paths = {seed: folder / f"{method}-seed{seed}" / RESULT for seed in seeds}
        results[method] = {
            seed: json.loads(path.read_text(encoding="utf-8"))
            for seed, path in paths.items()
            if path.exists()
        }
    return results


def mean_std(values: Sequence[float]) -> str:
    """Mean and sample standard deviation, e.g. ``41.3 ± 0.4``; one value has no deviation."""
    mean = f"{statistics.fmean(values):.1f}"
    return f"{mean} ± {statistics.stdev(values):.1f}" if len(values) > 1 else mean


def table(results: Mapping[str, Runs]) -> str:
    """Table 1 of the paper; the HPS variants also with the heuristic merge of the same network."""
    rows = []
    for method, runs in results.items():
        for key, suffix in (("metrics", ""), ("heuristic", ", heuristic merge")):
            found = [run[key] for run in runs.values() if key in run]
            if found:
                cells = [mean_std([metrics[v] for metrics in found]) for v in VALUES]
                rows.append([SYSTEMS[method] + suffix, str(len(found)), *cells])
    return markdown_table(["system", "seeds", *HEADER], rows)


def differences(results: Mapping[str, Runs]) -> str:
    """Paired differences of PQ between neighbours of the table, with their standard errors."""
    rows = []
    methods = [method for method in results if results[method]]
    for lower, upper in zip(methods, methods[1:], strict=False):
        seeds = sorted(results[lower].keys() & results[upper].keys())
        for value in ("PQ", "PQ_th", "PQ_st") if seeds else ():
            deltas = [
                results[upper][s]["metrics"][value] - results[lower][s]["metrics"][value]
                for s in seeds
            ]
            error = "–"
            if len(deltas) > 1:
                error = f"{statistics.stdev(deltas) / math.sqrt(len(deltas)):.2f}"
            name = f"{SYSTEMS[upper]} − {SYSTEMS[lower]}"
            rows.append([name, value, f"{statistics.fmean(deltas):+.2f}", error, str(len(seeds))])
    return markdown_table(["difference", "of", "mean", "standard error", "seeds"], rows)


def write_summary(results: Mapping[str, Runs], path: Path) -> None:
    """Write all results, without the configs, for the table of a document."""
    short = {
        method: {
            seed: {key: value for key, value in run.items() if key not in ("config", "checkpoint")}
            for seed, run in runs.items()
        }
        for method, runs in results.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(short, indent=1) + "\n", encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    if not args.report:
        sweep(args)
    results = read_results(args.out / args.dataset, args.methods, args.seeds)
    if not any(results.values()):
        raise SystemExit(f"There is no result in {args.out / args.dataset} yet.")
    print(f"\n{table(results)}\n\n{differences(results)}")
    if args.summary:
        write_summary(results, args.summary)


if __name__ == "__main__":
    main()
