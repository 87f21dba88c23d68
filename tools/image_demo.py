"""Segment pictures with a trained model.

    python tools/image_demo.py INPUT [...] --out-dir DIR [--model MODEL] [--weights CHECKPOINT]

INPUT is a picture, a folder, a glob pattern, a URL, a video or the number of a webcam. MODEL is a
config, or the name of a model in docs/model_zoo.md; one with published weights needs no CHECKPOINT.
DIR gets ``overlays/`` and, in COCO's panoptic format, ``panoptic.json`` and ``panoptic/``. Pictures
that cannot be read are named at the end, and the exit status is 1; the others are done.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmhps.apis import PanopticInferencer
from mmhps.apis.model_zoo import DEFAULT_MODEL
from mmhps.compat.messages import hide_third_party_warnings
from mmhps.runtime.command import segment_pictures


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse and check the command line."""
    parser = argparse.ArgumentParser(description="Segment pictures with a trained model.")
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="picture, folder, glob pattern, URL, video, or number of a webcam (ctrl-c ends it)",
    )
    parser.add_argument(
        "--model",
        default=DEFAULT_MODEL,
        help="path of a config, or name of a model (default: %(default)s)",
    )
    parser.add_argument(
        "--weights",
        metavar="CHECKPOINT",
        help="path of the checkpoint (default: the published one of the named model)",
    )
    parser.add_argument("--out-dir", type=Path, required=True, help="folder for the results")
    parser.add_argument("--device", help="cpu, cuda:0, … (default: what there is)")
    parser.add_argument(
        "--batch-size", type=int, default=1, help="pictures per pass (default: %(default)s)"
    )
    args = parser.parse_args(argv)
    if args.batch_size < 1:
        parser.error(f"--batch-size must be at least 1, got {args.batch_size}")
    if args.weights is None and Path(args.model).is_file():
        parser.error(f"--weights is missing: the checkpoint of {args.model}")
    return args


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    args = parse_args(argv)
    hide_third_party_warnings()
    segment_pictures(
        lambda: PanopticInferencer(args.model, args.weights, args.device),
        args.inputs,
        args.batch_size,
        args.out_dir,
    )


if __name__ == "__main__":
    main()
