"""Score a checkpoint, and draw its predictions if asked to.

python tools/test.py CONFIG CHECKPOINT [--metrics PQ AP mIoU] [--tta] [--show-dir DIR] …
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from mmengine.config import Config

from mmhps import register_all_modules
from mmhps.apis import arguments
from mmhps.engine import launch, tta
from mmhps.engine.console import short_errors

METRICS = dict(PQ="CityscapesPanopticMetric", AP="MaskAPMetric", mIoU="SemanticIoUMetric")
OUTPUTS = dict(AP="masks", mIoU="semantic")


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Scores a checkpoint.")
    arguments.add_shared_arguments(parser)
    parser.add_argument("checkpoint", help="path or http(s) address of the checkpoint")
    parser.add_argument("--out", metavar="FILE.pkl", help="write the predictions to a pickle file")
    parser.add_argument(
        "--metrics",
        nargs="+",
        choices=METRICS,
        metavar="METRIC",
        help="what to score: PQ, AP (of masks), mIoU; default: the evaluator of the config",
    )
    parser.add_argument(
        "--tta",
        action="store_true",
        help="average several views of each image: three sizes, each mirrored, or tta_pipeline",
    )
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
    if args.show:
        from mmhps.visualization import check_display

        try:
            check_display()
        except ValueError as error:
            parser.error(f"--{error}")
    if args.out is not None and not args.out.endswith((".pkl", ".pickle")):
        parser.error(f"--out must end in .pkl or .pickle, got {args.out}")


def draw(cfg: Config, args: argparse.Namespace) -> None:
    """Turns the visualization on, also where a config has none or MMDetection's."""
    hook = cfg.default_hooks.get("visualization") or {}
    if str(hook.get("type", "")).rpartition(".")[2] in ("", "DetVisualizationHook"):
        hook["type"] = "PanopticVisualizationHook"
    hook.update(draw=True, show=args.show, wait_time=args.wait_time, test_out_dir=args.show_dir)
    cfg.default_hooks.visualization = hook


def choose_metrics(cfg: Config, names: list[str]) -> None:
    """Sets the evaluator, and asks the detector for what it needs."""
    cfg.test_evaluator = [dict(type=METRICS[name]) for name in names]
    outputs = [OUTPUTS[name] for name in names if name in OUTPUTS]
    cfg.merge_from_dict({"model.test_cfg.outputs": outputs})


def main(argv: list[str] | None = None) -> None:
    register_all_modules()  # first: it keeps MMDetection's notices quiet
    from mmdet.evaluation import DumpDetResults

    parser = build_parser()
    args = arguments.parse_args(parser, argv)
    check(parser, args)
    cfg = arguments.load_config(args)
    cfg.load_from = args.checkpoint
    if args.show or args.show_dir:
        draw(cfg, args)
    if args.metrics:
        choose_metrics(cfg, args.metrics)
    if args.tta:
        tta.add_views(cfg)
    with launch.running(cfg, args.verbose, args.trust_checkpoint) as runner:
        if args.tta:
            tta.average_views(runner, cfg)
        if args.out is not None:
            runner.test_evaluator.metrics.append(DumpDetResults(out_file_path=args.out))
        runner.test()
        pictures = args.show_dir and os.path.join(runner.work_dir, runner.timestamp, args.show_dir)
        launch.report(runner, predictions=args.out, pictures=pictures)


if __name__ == "__main__":
    with short_errors():
        main()
