"""Show which classes a model confuses with each other, in pixels, void included.

    python tools/analysis_tools/panoptic_confusion.py CONFIG CHECKPOINT --out confusion.png
    python tools/analysis_tools/panoptic_confusion.py --gt-json-file gt.json \
        --prediction-json-file pred.json --out confusion.png

The first predicts the config's test data set; the second reads files in the COCO panoptic format,
as panoptic_quality.py does. Each row of the picture adds up to 100 % of a true class's pixels.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.config import Config, DictAction
from mmengine.device import get_device

from mmhps import register_all_modules
from mmhps.metrics import PanopticFiles
from mmhps.metrics.confusion import confusion_of_files, top_confusions
from mmhps.studies.confusion import confusion_of_model, draw


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line: a config with its checkpoint, or two JSON files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="*", metavar="CONFIG CHECKPOINT")
    for role, what in (("gt", "ground truth"), ("prediction", "predictions")):
        parser.add_argument(f"--{role}-json-file", help=f"COCO panoptic JSON file of the {what}")
        parser.add_argument(f"--{role}-folder", help="its PNGs (default: NAME/ for NAME.json)")
    parser.add_argument("--out", type=Path, required=True, help="PNG to write")
    parser.add_argument("--top", type=int, default=10, help="confusions to print")
    parser.add_argument("--device", default=get_device(), help="default: %(default)s")
    parser.add_argument("--cfg-options", nargs="+", action=DictAction, default={})
    args = parser.parse_args(argv)
    files = [args.gt_json_file, args.prediction_json_file]
    if (len(args.model), files.count(None)) not in ((2, 2), (0, 0)):
        parser.error(
            "expected either CONFIG CHECKPOINT or both of --gt-json-file and --prediction-json-file"
        )
    if args.out.suffix != ".png":
        parser.error(f"--out must end in .png, got {args.out}")
    return args


def main(argv: Sequence[str] | None = None) -> None:
    """Count, print the top confusions, draw the matrix."""
    register_all_modules()
    args = parse_args(argv)
    try:
        if args.model:
            config = Config.fromfile(args.model[0])
            config.merge_from_dict(args.cfg_options)
            counts, names = confusion_of_model(config, args.model[1], args.device)
        else:
            gt = PanopticFiles.read(args.gt_json_file, args.gt_folder)
            pred = PanopticFiles.read(args.prediction_json_file, args.prediction_folder)
            counts, names = confusion_of_files(gt, pred), [c["name"] for c in gt.categories]
        args.out.parent.mkdir(parents=True, exist_ok=True)
        draw(counts, names).savefig(args.out)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    known = counts[:-1]
    if known.any():
        print(f"{np.trace(known) / known.sum():.1%} of the known pixels have the right class")
    for item in top_confusions(counts, names, args.top):
        print(f"{item.share:6.1%} of {item.true} → {item.predicted} ({item.pixels} pixels)")
    print(f"The matrix is in {args.out}")


if __name__ == "__main__":
    main()
