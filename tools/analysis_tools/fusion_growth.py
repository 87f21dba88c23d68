"""Plot how costs grow with instances and pixels, beside MMDetection's.

    python tools/analysis_tools/fusion_growth.py --plot docs/images/growth.png

Measures time and peak memory, in turn: of both fusions of `benchmark_peers.py fusion`, with more
and more instances and with more and more pixels; of what HPS + ISI computes of the instances in
training; and of whole networks with R-18. Takes some minutes, and 3 GiB of memory.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mmhps.studies.benchmarks import growth
from mmhps.studies.timing import write_results


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plot", type=Path, required=True, help="PNG to write")
    parser.add_argument("--out", type=Path, help="also write the values to this JSON file")
    parser.add_argument("--repeats", type=int, default=5, help="timed calls of each")
    args = parser.parse_args(argv)
    result = growth.measure(args.repeats)
    memory = [
        value for series in result.values() for point in series for value in point["mib"].values()
    ]
    if None in memory:
        sys.exit("fusion_growth: peak memory can be measured on Linux only")
    args.plot.parent.mkdir(parents=True, exist_ok=True)
    growth.draw(result).savefig(args.plot, dpi=100)
    if args.out is not None:
        write_results(result, args.out)
    print(args.plot)


if __name__ == "__main__":
    main()
