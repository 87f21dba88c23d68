"""Train a model.

python tools/train.py CONFIG [--work-dir DIR] [--resume [CHECKPOINT]] [--amp] …
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from mmengine.config import Config

from mmhps import register_all_modules
from mmhps.apis import arguments
from mmhps.engine import launch
from mmhps.engine.console import short_errors
from mmhps.engine.pretrained import pretrained_problem
from mmhps.engine.resume import newest_complete_checkpoint


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Train a model.")
    arguments.add_shared_arguments(parser)
    parser.add_argument(
        "--resume",
        nargs="?",
        const="auto",
        metavar="CHECKPOINT",
        help="go on from this checkpoint; without a value from the newest one in the work dir",
    )
    parser.add_argument(
        "--amp",
        action="store_true",
        help="mixed precision: float16 with loss scaling on a GPU, bfloat16 on a CPU",
    )
    parser.add_argument(
        "--auto-scale-lr",
        action="store_true",
        help="scale the learning rate from the config's auto_scale_lr.base_batch_size",
    )
    return parser


def set_amp(cfg: Config) -> None:
    """Switch the optimizer wrapper to mixed precision."""
    if torch.cuda.is_available():
        cfg.optim_wrapper.type = "AmpOptimWrapper"
        cfg.optim_wrapper.setdefault("loss_scale", "dynamic")
    else:
        cfg.optim_wrapper.type = "BFloat16OptimWrapper"


def set_resume(cfg: Config, checkpoint: str) -> None:
    """Resume from ``checkpoint``, or from the newest complete one if it is ``"auto"``."""
    if checkpoint == "auto":
        checkpoint = newest_complete_checkpoint(cfg.work_dir)
        if checkpoint is None:
            print(f"{cfg.work_dir}: no checkpoint yet, training starts at the beginning")
            return
    cfg.resume, cfg.load_from = True, checkpoint


def main(argv: list[str] | None = None) -> None:
    register_all_modules()
    parser = build_parser()
    args = arguments.parse_args(parser, argv)
    if args.resume not in (None, "auto") and not Path(args.resume).is_file():
        parser.error(f"there is no checkpoint {args.resume} to resume from")
    cfg = arguments.load_config(args)
    if problem := pretrained_problem(cfg.model):
        parser.error(problem)
    if args.amp:
        set_amp(cfg)
    if args.auto_scale_lr:
        if "base_batch_size" not in cfg.get("auto_scale_lr", {}):
            parser.error(f"--auto-scale-lr needs auto_scale_lr.base_batch_size in {args.config}")
        cfg.auto_scale_lr.enable = True
    if args.resume:
        set_resume(cfg, args.resume)
    with launch.running(cfg, args.verbose, args.trust_checkpoint) as runner:
        runner.train()
        saved = runner.message_hub.runtime_info
        launch.report(runner, checkpoint=saved.get("last_ckpt"), best=saved.get("best_ckpt"))


if __name__ == "__main__":
    with short_errors():
        main()
