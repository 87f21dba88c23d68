"""Draw losses and PQ of one or more trainings over their iterations.

    python tools/analysis_tools/analyze_logs.py work_dirs/hps_r18_mini work_dirs/hps-isi_r18_mini \
        --keys loss loss_panoptic PQ --out curves.png

Reads the newest vis_data/scalars.json below each folder, as MMEngine writes it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mmhps.studies.curves import draw, find_log, read_curves


def main(argv: Sequence[str] | None = None) -> None:
    """Read the logs, draw, and print the last values."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path, help="work directories, or scalars.json")
    parser.add_argument("--keys", nargs="+", default=["loss"], help="e.g. loss_panoptic PQ")
    parser.add_argument("--names", nargs="+", help="one per run; default: its path")
    parser.add_argument("--out", type=Path, required=True, help="picture to write, e.g. curves.png")
    args = parser.parse_args(argv)
    names = args.names or [str(path) for path in args.runs]
    if len(set(names)) != len(args.runs):
        parser.error(f"expected {len(args.runs)} different names, one per run, got {names}")
    try:
        runs = {
            name: read_curves(find_log(path)) for name, path in zip(names, args.runs, strict=True)
        }
        args.out.parent.mkdir(parents=True, exist_ok=True)
        draw(runs, args.keys).savefig(args.out)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    for name, curves in runs.items():
        last = [f"{key} {curves[key][-1][1]:.4g}" for key in args.keys if key in curves]
        print(f"{name}: {', '.join(last) or 'none of the keys'}")
    print(f"The curves are in {args.out}")


if __name__ == "__main__":
    main()
