"""Time mmhps and a peer alternately on the same input.

    python tools/analysis_tools/benchmark_peers.py BENCHMARK

BENCHMARK is fusion, loading, metric, nms, inference, train, throughput or command; see
docs/benchmarks.md.
The last line is a JSON object; the status is 1 if a target is missed or the results differ.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

from mmhps import register_all_modules
from mmhps.studies.benchmarks import command, fusion, loading, metric, networks, nms, throughput
from mmhps.studies.timing import finish, joined, report

BENCHMARKS = {
    "fusion": fusion.run,
    "loading": loading.run,
    "metric": metric.run,
    "nms": nms.run,
    "inference": partial(networks.run, "inference"),
    "train": partial(networks.run, "train"),
    "throughput": throughput.run,
    "command": command.run,
}


def run_alone(benchmark: str, repeats: int | None) -> dict[str, Any]:
    """Run a benchmark in a process of its own, and return what it stores.

    Raises:
        ChildProcessError: It failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "run.json")
        options = [] if repeats is None else ["--repeats", str(repeats)]
        call = [sys.executable, __file__, benchmark, *options, "--out", str(out)]
        subprocess.run(call, check=False)
        if not out.exists():
            raise ChildProcessError(f"{benchmark}: a run stored no result, see its output above.")
        return json.loads(out.read_text(encoding="utf-8"))


def main(argv: Sequence[str] | None = None) -> None:
    register_all_modules()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("benchmark", choices=BENCHMARKS)
    parser.add_argument("--repeats", type=int, help="timed calls of each")
    parser.add_argument(
        "--runs", type=int, default=1, help="processes, one after the other; default: %(default)s"
    )
    parser.add_argument("--out", type=Path, help="also write the values to this JSON file")
    args = parser.parse_args(argv)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {platform.processor()}")
    if args.runs > 1:
        runs = [run_alone(args.benchmark, args.repeats) for _ in range(args.runs)]
        sys.exit(not report(joined(runs), args.out))
    options = {} if args.repeats is None else dict(repeats=args.repeats)
    rows, agree = BENCHMARKS[args.benchmark](**options)
    sys.exit(not finish(rows, agree, args.out))


if __name__ == "__main__":
    main()
