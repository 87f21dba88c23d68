"""Plot how the cost of the fusion grows with instances and pixels, beside MMDetection's.

    python tools/analysis_tools/fusion_growth.py --plot docs/images/growth.png

Measures time and peak memory of both fusions of `benchmark_peers.py fusion`, alternately: with
more and more instances at 1024x512, and with 30 instances at larger and larger sizes.
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
    if any(point["ours_mib"] is None for point in result["instances"]):
        sys.exit("fusion_growth: peak memory can be measured on Linux only")
    args.plot.parent.mkdir(parents=True, exist_ok=True)
    growth.draw(result).savefig(args.plot, dpi=100)
    if args.out is not None:
        write_results(result, args.out)
    print(args.plot)


if __name__ == "__main__":
    main()
