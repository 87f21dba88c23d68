"""The command ``mmhps``, or ``python -m mmhps``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


def build_parser() -> argparse.ArgumentParser:
    """Describe the arguments."""
    parser = argparse.ArgumentParser(prog="mmhps", description="Panoptic segmentation.")
    commands = parser.add_subparsers(dest="command", required=True)
    web = commands.add_parser("web", help="a page to drop photos on (docs/deployment.md)")
    web.add_argument(
        "--onnx",
        type=Path,
        metavar="FILE",
        help="exported model; default: the shipped one, which is exported at the first start",
    )
    web.add_argument("--host", help="address to listen on; default: this machine only (127.0.0.1)")
    web.add_argument("--port", type=int, help="default: the first free one from 7860 on")
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    args = build_parser().parse_args(argv)
    try:
        from mmhps.web.server import serve

        serve(args.onnx, args.host, args.port)
    except (ImportError, OSError, ValueError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
