"""Compare exported files with their PyTorch model: pixels, instances, PQ, time, size.

    python tools/deployment/compare_onnx.py configs/mini/hps-isi_r18_mini.py \
        checkpoints/hps-isi_r18_mini-cd066714.pth hps.onnx [more.onnx] [--images FOLDER]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from mmhps import register_all_modules
from mmhps.apis import arguments
from mmhps.engine.console import short_errors


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_config_arguments(parser)
    parser.add_argument("checkpoint", help="path of the weights")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.onnx")
    parser.add_argument(
        "--images", help="folder, picture or pattern; default: the test data of the config"
    )
    parser.add_argument("--threads", type=int, default=1, help="default: %(default)s")
    parser.add_argument(
        "--out", type=Path, metavar="FILE.json", help="add the result to this file under --name"
    )
    parser.add_argument("--name", default="", help="what is compared; default: the config's name")
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    register_all_modules()
    from mmhps.deployment.comparison import compare, images_of_dataset, images_of_folder
    from mmhps.studies.tables import onnx_table

    args, cfg = arguments.parse_config_args(build_parser(), argv)
    images = images_of_folder(args.images) if args.images else images_of_dataset(cfg)
    name = args.name or Path(args.config).stem
    result = {name: compare(cfg, args.checkpoint, args.files, images, args.threads)}
    print(onnx_table(result))
    if args.out:
        stored = json.loads(args.out.read_text(encoding="utf-8")) if args.out.is_file() else {}
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(stored | result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    with short_errors():
        main()
