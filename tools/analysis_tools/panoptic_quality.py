"""Score panoptic predictions: PQ, SQ, RQ for all, thing and stuff classes, and per class.

Takes the arguments of csEvalPanopticSemanticLabeling and gives its numbers, for any files in the
COCO panoptic format, whatever their category ids. Needs no torch and starts at once.

The results file is JSON: "All", "Things", "Stuff", each with "pq", "sq", "rq" in 0..1 and "n", the
number of classes that occur (none: n is 0, the others are null); and "per_class" by category id,
with name and counts too. A class that never occurs has zeros there and counts in no mean.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmhps.metrics import PanopticFiles, score_files
from mmhps.metrics.quality import format_panoptic_table

CITYSCAPES = Path(os.environ.get("CITYSCAPES_DATASET", "data/cityscapes"))
RESULTS = Path(os.environ.get("CITYSCAPES_RESULTS", CITYSCAPES / "results"))


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the arguments of the official evaluator."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    name = "cityscapes_panoptic_val.json"
    for role, what, default in (
        ("gt", "ground truth", CITYSCAPES / "gtFine" / name),
        ("prediction", "predictions", RESULTS / name),
    ):
        parser.add_argument(
            f"--{role}-json-file",
            type=Path,
            default=default,
            help=f"COCO panoptic JSON file of the {what} (default: {default})",
        )
        parser.add_argument(
            f"--{role}-folder",
            type=Path,
            help=f'folder of the PNGs of the {what} (default: "name" for a file "name.json")',
        )
    parser.add_argument(
        "--results_file",
        type=Path,
        default=Path("resultPanopticSemanticLabeling.json"),
        help="JSON file to write (default: %(default)s)",
    )
    parser.add_argument(
        "--jobs", type=int, help="images that are scored at a time (default: one on each core)"
    )
    args = parser.parse_args(argv)
    if args.jobs is not None and args.jobs < 1:
        parser.error(f"--jobs must be at least 1, got {args.jobs}")
    return args


def to_json(result: dict[str, Any]) -> str:
    """Write a result as JSON, which knows no nan."""
    groups = {
        group: {key: None if value != value else value for key, value in result[group].items()}
        for group in ("All", "Things", "Stuff")
    }
    classes = {
        str(item["id"]): {key: value for key, value in item.items() if key != "id"}
        for item in result["per_class"]
    }
    return json.dumps({**groups, "per_class": classes}, indent=4, allow_nan=False) + "\n"


def main(argv: Sequence[str] | None = None) -> None:
    """Score the files, print the table, write the results."""
    args = parse_args(argv)
    try:
        gt = PanopticFiles.read(args.gt_json_file, args.gt_folder)
        pred = PanopticFiles.read(args.prediction_json_file, args.prediction_folder)
        args.results_file.parent.mkdir(parents=True, exist_ok=True)
        result = score_files(gt, pred, args.jobs)
        print(format_panoptic_table(result, [item["name"] for item in result["per_class"]]))
        args.results_file.write_text(to_json(result), encoding="utf-8")
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    print(f"Results are in {args.results_file}")


if __name__ == "__main__":
    main()
