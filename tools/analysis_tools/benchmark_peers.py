"""Time mmhps and a peer alternately on the same input.

    python tools/analysis_tools/benchmark_peers.py BENCHMARK

BENCHMARK is fusion, loading, metric, nms, inference, train, throughput or command; see
docs/benchmarks.md.
The last line is a JSON object; the status is 1 if a target is missed or the results differ.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch

from mmhps import register_all_modules
from mmhps.studies.benchmarks import command, fusion, loading, metric, networks, nms, throughput
from mmhps.studies.timing import finish

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


def main(argv: Sequence[str] | None = None) -> None:
    register_all_modules()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("benchmark", choices=BENCHMARKS)
    parser.add_argument("--repeats", type=int, help="timed calls of each")
    parser.add_argument("--out", type=Path, help="also write the values to this JSON file")
    args = parser.parse_args(argv)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {platform.processor()}")
    options = {} if args.repeats is None else dict(repeats=args.repeats)
    rows, agree = BENCHMARKS[args.benchmark](**options)
    sys.exit(not finish(rows, agree, args.out))


if __name__ == "__main__":
    main()
