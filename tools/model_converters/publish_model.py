"""Prepare a checkpoint for publication: keep weights and their description, nothing else.

python tools/model_converters/publish_model.py CHECKPOINT NAME.pth [--half] [--keep backbone neck]

writes NAME-XXXXXXXX.pth, where X are the first digits of the file's sha256. The file loads with
``torch.load(..., weights_only=True)``. If NAME is a model of configs/*/metafile.yml, its entry gets
the file and the stored results of its seed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmhps.converters.publication import publish
from mmhps.engine.checkpoints import TRUST_HELP

ROOT = Path(__file__).resolve().parents[2]


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path, help="checkpoint that tools/train.py wrote")
    parser.add_argument("out", type=Path, help="NAME.pth; the hash is added to the name")
    parser.add_argument("--half", action="store_true", help="store weights in half precision")
    parser.add_argument(
        "--keep",
        nargs="+",
        metavar="PART",
        help="keep these parts of the network only, e.g. backbone neck",
    )
    parser.add_argument("--trust-checkpoint", action="store_true", help=TRUST_HELP)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    try:
        path, metafile = publish(
            args.checkpoint, args.out, ROOT, args.half, args.keep, args.trust_checkpoint
        )
    except (FileNotFoundError, ValueError) as error:
        sys.exit(f"publish_model: {error}")
    if metafile:
        print(f"{metafile}: updated. tools/misc/update_tables.py takes it to docs/model_zoo.md.")
    print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")


if __name__ == "__main__":
    main()
