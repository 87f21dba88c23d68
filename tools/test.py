"""Score a checkpoint, and draw its predictions if asked to.

python tools/test.py CONFIG CHECKPOINT [--show-dir DIR] [--out predictions.pkl] …
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from mmhps import register_all_modules
from mmhps.apis import arguments
from mmhps.engine import launch
from mmhps.engine.console import short_errors


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Scores a checkpoint.")
    arguments.add_shared_arguments(parser)
    parser.add_argument("checkpoint", help="path or http(s) address of the checkpoint")
    parser.add_argument("--out", metavar="FILE.pkl", help="write the predictions to a pickle file")
    parser.add_argument("--show", action="store_true", help="show each prediction in a window")
    parser.add_argument(
        "--show-dir", help="draw each prediction into WORK-DIR/TIME/SHOW-DIR (absolute: SHOW-DIR)"
    )
    parser.add_argument(
        "--wait-time", type=float, default=2, help="seconds that --show waits after each image"
    )
    return parser


def check(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """End in a usage error if an argument makes no sense."""
    if "://" not in args.checkpoint and not Path(args.checkpoint).is_file():
        parser.error(f"there is no checkpoint {args.checkpoint}")
    if args.out is not None and not args.out.endswith((".pkl", ".pickle")):
        parser.error(f"--out must end in .pkl or .pickle, got {args.out}")


def main(argv: list[str] | None = None) -> None:
    register_all_modules()  # first: it keeps MMDetection's notices quiet
    from mmdet.engine.hooks.utils import trigger_visualization_hook
    from mmdet.evaluation import DumpDetResults

    parser = build_parser()
    args = arguments.parse_args(parser, argv)
    check(parser, args)
    cfg = arguments.load_config(args)
    cfg.load_from = args.checkpoint
    if args.show or args.show_dir:
        cfg = trigger_visualization_hook(cfg, args)
    with launch.running(cfg, args.verbose, args.trust_checkpoint) as runner:
        if args.out is not None:
            runner.test_evaluator.metrics.append(DumpDetResults(out_file_path=args.out))
        runner.test()
        pictures = args.show_dir and os.path.join(runner.work_dir, runner.timestamp, args.show_dir)
        launch.report(runner, predictions=args.out, pictures=pictures)


if __name__ == "__main__":
    with short_errors():
        main()
