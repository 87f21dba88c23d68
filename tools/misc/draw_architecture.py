"""Draw the data flow of a detector: its parts in the order of computation, as they really run.

    python tools/misc/draw_architecture.py

Builds the model of a config, records one step of training and one of testing on images of noise,
and draws what was called and which tensors went where.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config

from mmhps import register_all_modules
from mmhps.studies.data_flow import record
from mmhps.studies.data_flow_picture import save

ROOT = Path(__file__).parents[2]


def main(argv: Sequence[str] | None = None) -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "config", nargs="?", type=Path, default=ROOT / "configs/mini/hps-isi_r18_mini.py"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "docs/images/architecture.png")
    args = parser.parse_args(argv)
    register_all_modules()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    save(record(Config.fromfile(args.config)), args.out)
    print(args.out)


if __name__ == "__main__":
    main()
