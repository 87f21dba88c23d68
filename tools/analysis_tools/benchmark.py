"""Time one config: the inference of its model, or its loading of training data.

    python tools/analysis_tools/benchmark.py CONFIG [CHECKPOINT] [--task inference|dataloader]

Inference takes images of the test data set one by one, decoded beforehand, on a CPU or a GPU;
without a checkpoint the weights are random, and so is the number of instances, which costs time.
The data loader is that of training, with its workers. Calls of the warm-up do not count. The last
line is a JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from mmhps import register_all_modules
from mmhps.apis.arguments import add_config_arguments, parse_config_args
from mmhps.studies.speed import time_inference, time_loading


def report(what: str, values: dict[str, float | None]) -> str:
    """The values in words."""
    lines = [
        f"{what}: {values['images_per_s']:.1f} images/s",
        f"median {values['ms']:.1f} ms, half of them {values['ms_low']:.1f} to "
        f"{values['ms_high']:.1f} ms",
    ]
    if values.get("memory_mib") is not None:
        lines.append(
            f"peak memory {values['memory_mib']:.0f} MiB beyond the weights' "
            f"{values['weights_mib']:.0f} MiB"
        )
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> None:
    register_all_modules()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_config_arguments(parser)
    parser.add_argument("checkpoint", nargs="?", type=Path)
    parser.add_argument("--task", choices=("inference", "dataloader"), default="inference")
    parser.add_argument(
        "--device", default="cuda" if torch.cuda.is_available() else "cpu", help="for inference"
    )
    parser.add_argument("--number", type=int, default=50, help="timed images or batches")
    parser.add_argument("--warm-up", type=int, default=5, help="images or batches before them")
    args, config = parse_config_args(parser, argv)
    if args.number < 2 or args.warm_up < 0:
        parser.error("--number must be at least 2, and --warm-up at least 0")
    try:
        if args.task == "dataloader":
            values = time_loading(config, args.number, args.warm_up)
            loader = config.train_dataloader
            what = f"batches of {loader.batch_size} from {loader.num_workers} workers"
        else:
            values = time_inference(config, args.checkpoint, args.device, args.number, args.warm_up)
            what = f"inference on {args.device}, {torch.get_num_threads()} threads"
    except (FileNotFoundError, ValueError) as error:
        sys.exit(f"benchmark: {error}")
    print(report(what, values))
    if args.task == "inference" and args.checkpoint is None:
        print("The weights are random, and with them the number of instances.")
    print(json.dumps({key: value and round(value, 2) for key, value in values.items()}))


if __name__ == "__main__":
    main()
