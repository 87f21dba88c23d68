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
    model = argparse.ArgumentParser(add_help=False)
    model.add_argument(
        "--onnx",
        type=Path,
        metavar="FILE",
        help="exported model (docs/deployment.md); default: the shipped one",
    )
    predict = commands.add_parser("predict", parents=[model], help="segment pictures")
    predict.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="picture, folder, glob pattern, URL, video, or number of a webcam (ctrl-c ends it)",
    )
    predict.add_argument("--out-dir", type=Path, required=True, help="folder for the results")
    predict.add_argument("--threads", type=int, default=0, help="of the network; default: all")
    predict.set_defaults(run=_predict)
    web = commands.add_parser("web", parents=[model], help="a page to drop photos on")
    web.add_argument("--host", help="address to listen on; default: this machine only (127.0.0.1)")
    web.add_argument("--port", type=int, help="default: the first free one from 7860 on")
    web.set_defaults(run=_web)
    return parser


def _predict(args: argparse.Namespace) -> None:
    from mmhps.runtime import PanopticInferencer
    from mmhps.runtime.command import segment_pictures

    segment_pictures(
        lambda: PanopticInferencer(args.onnx, args.threads), args.inputs, 1, args.out_dir
    )


def _web(args: argparse.Namespace) -> None:
    from mmhps.web.server import serve

    serve(args.onnx, args.host, args.port)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    args = build_parser().parse_args(argv)
    try:
        args.run(args)
    except (ImportError, OSError, ValueError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
