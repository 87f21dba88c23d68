"""Train, score and draw Panoptic FPN and HPS + ISI on generated street scenes.

python tools/demo.py [--iters 400] [--seed 0] [--data data/mini_cityscapes] [--out work_dirs/demo]

Finished steps are not repeated: an interrupted demo continues where it stopped.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from mmengine.config import Config

from mmhps import register_all_modules
from mmhps.studies.experiment import train_and_score
from mmhps.studies.sweep import write_summary
from mmhps.studies.systems import SYSTEMS
from mmhps.studies.tables import results_table

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = {
    "panoptic-fpn": "configs/mini/panoptic-fpn_r18_mini.py",
    "hps-isi": "configs/mini/hps-isi_r18_mini.py",
}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--iters", type=int, default=400, help="training steps of each network")
    parser.add_argument("--train", type=int, default=800, help="generated training images")
    parser.add_argument("--val", type=int, default=300, help="generated validation images")
    parser.add_argument("--seed", type=int, default=0, help="of the networks, not of the images")
    parser.add_argument("--data", type=Path, default=Path("data/mini_cityscapes"))
    parser.add_argument("--out", type=Path, default=Path("work_dirs/demo"))
    args = parser.parse_args(argv)
    if args.iters < 1:
        parser.error(f"--iters must be at least 1, got {args.iters}")
    return args


def run(script: str, *arguments: object) -> None:
    """Run another command of this repository; its failure ends the demo."""
    command = [sys.executable, str(ROOT / script), *map(str, arguments)]
    status = subprocess.run(command, check=False).returncode
    if status:
        sys.exit(f"demo: {script} ended with status {status}; its output above says why.")


def configure(path: Path, args: argparse.Namespace) -> Config:
    """A mini config with the demo's data and schedule, scored once after the last step."""
    cfg = Config.fromfile(path)
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        loader.dataset.data_root = str(args.data)
    cfg.train_cfg.update(max_iters=args.iters, val_interval=args.iters + 1)
    warm_up, decay = cfg.param_scheduler
    warm_up.end = decay.begin = min(warm_up.end, args.iters // 2)
    decay.end = args.iters
    return cfg


def main(argv: list[str] | None = None) -> None:
    register_all_modules()
    args = parse_args(argv)
    print("Generating street scenes", flush=True)
    counts = ("--train", args.train, "--val", args.val)
    run("tools/dataset_converters/mini_cityscapes.py", args.data, *counts)
    results, models = {}, []
    for system, path in CONFIGS.items():
        work_dir, cfg = args.out / Path(path).stem, configure(ROOT / path, args)
        try:
            result = train_and_score(cfg, work_dir, SYSTEMS[system], args.seed)
        except ValueError as error:
            sys.exit(f"demo: {error}")
        results[system] = {str(args.seed): result}
        models += [ROOT / path, work_dir / result["checkpoint"]]
    picture = args.out / "figure4.png"
    titles = [SYSTEMS[system] for system in CONFIGS]
    run(
        "tools/analysis_tools/compare_panoptic.py", *models, "--out", picture, "--scale", 2,
        "--titles", *titles, "--cfg-options", f"test_dataloader.dataset.data_root={args.data}",
    )  # fmt: skip
    write_summary(results, args.out / "summary.json")
    print(f"\nPanoptic quality on {args.val} generated images, in percent\n")
    print(results_table(results, SYSTEMS))
    print(f"\npicture: {picture}")


if __name__ == "__main__":
    main()
