"""Check operators, training, prediction and speed on a GPU, in one call.

    python tools/misc/check_device.py --out device.json

Compares NMS and RoIAlign with those of the CPU, trains HPS + ISI with R-50 at 1024x512 for 50 steps
in float32 and in mixed precision, predicts, and times both tasks against MMDetection's Panoptic
FPN. The status is 1 if an operator differs.

A machine without network needs wheels: `pip wheel -r requirements.txt -w wheels`, and there `pip
install --no-index --no-deps wheels/*.whl` of those that it lacks; mmcv's is pure Python.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from mmhps import register_all_modules


def main(argv: Sequence[str] | None = None) -> None:
    register_all_modules()
    from mmhps.studies import device_check
    from mmhps.studies.benchmarks import networks
    from mmhps.studies.timing import write_results

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda", help="default: cuda")
    parser.add_argument("--config", default="cityscapes/hps-isi_r50_cityscapes.py")
    parser.add_argument("--size", type=int, nargs=2, default=(1024, 512), metavar=("W", "H"))
    parser.add_argument("--steps", type=int, default=50, help="training steps (default: 50)")
    parser.add_argument("--repeats", type=int, default=5, help="timed calls; 0: no benchmark")
    parser.add_argument("--out", type=Path, help="also write what is found to this JSON file")
    args = parser.parse_args(argv)
    if args.device.startswith("cuda") and not torch.cuda.is_available():
        parser.error(f"--device {args.device}: torch {torch.__version__} finds no GPU here")

    operators = dict(device_check.check_operators(args.device))
    for name, equal in operators.items():
        print(f"{name}: {'equal' if equal else 'DIFFERENT'}", flush=True)
    found = dict(device=device_check.device_name(args.device), operators=operators)
    for name, amp in [("float32", False), ("mixed precision", True)]:
        found[name] = device_check.train(
            args.config, tuple(args.size), args.steps, args.device, amp
        )
        print(f"{name}: {found[name]}", flush=True)
    for task in ("inference", "train") if args.repeats else ():
        rows, _ = networks.run(task, args.repeats, args.device)
        found[task] = [asdict(row) for row in rows]
        print(*(f"{row.case}: {row.ratio} ({row.ours_ms} ms)" for row in rows), sep="\n")
    if args.out is not None:
        write_results(found, args.out)
    sys.exit(not all(operators.values()))


if __name__ == "__main__":
    main()
