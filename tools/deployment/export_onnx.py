"""Write a trained model as one ONNX file, from the image to the segments.

    python tools/deployment/export_onnx.py configs/mini/hps-isi_r18_mini.py \
        checkpoints/hps-isi_r18_mini-cd066714.pth --out hps.onnx
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmhps import register_all_modules
from mmhps.apis import arguments
from mmhps.engine.console import short_errors


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_config_arguments(parser)
    parser.add_argument("checkpoint", help="path of the weights")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.onnx")
    parser.add_argument(
        "--license", help="of the weights; default: what the config says, or Apache-2.0"
    )
    parser.add_argument(
        "--precision",
        choices=("fp32", "fp16", "int8"),
        default="fp32",
        help="fp16 halves the file; int8 also computes convolutions in integers; default: "
        "%(default)s",
    )
    parser.add_argument(
        "--calibration",
        metavar="PICTURES",
        help="for int8: folder or pattern of pictures like those of the training, of which 100 are "
        "used",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    register_all_modules()
    from mmhps.deployment.export import export_onnx

    args, cfg = arguments.parse_config_args(build_parser(), argv)
    settings = args.license, args.precision, args.calibration
    export_onnx(cfg, args.checkpoint, args.out, *settings)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    with short_errors():
        main()
