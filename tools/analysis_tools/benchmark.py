"""Time one config: the inference of its model, or its loading of training data.

    python tools/analysis_tools/benchmark.py CONFIG [CHECKPOINT] [--task inference|dataloader]

Inference takes images of the test data set one by one, decoded beforehand, on a CPU or a GPU;
without a checkpoint the weights are random, and so is the number of instances, which costs time.
The data loader is that of training, with its workers. Calls of the warm-up do not count. The last
line is a JSON object.
"""

from __future__ import annotations

import argparse
import copy
import json
import statistics
import sys
from collections.abc import Callable, Sequence
from itertools import chain, cycle, repeat
from pathlib import Path

import torch
from mmdet.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.logging import MMLogger
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from tqdm import tqdm

from mmhps import register_all_modules
from mmhps.apis.trained_models import load_model
from mmhps.engine.checkpoints import load_checkpoint
from mmhps.engine.console import quiet
from mmhps.engine.launch import add_config_arguments, parse_config_args, read_config
from mmhps.studies.timing import elapsed_ms, peak_memory


def measure(
    call: Callable[[], object], images: int, number: int, warm_up: int
) -> dict[str, float | None]:
    """Time a call again and again.

    Args:
        call: What is timed.
        images: Images of each call.
        number: Timed calls, at least 2.
        warm_up: Calls before them, which do not count.

    Returns:
        ``images_per_s``; of the milliseconds of a call, ``ms`` the median, and ``ms_low`` and
        ``ms_high`` the quartiles.
    """
    times = [elapsed_ms(call) for _ in tqdm(range(warm_up + number), leave=False)][warm_up:]
    low, median, high = statistics.quantiles(times, n=4, method="inclusive")
    rate = 1000 * images * number / sum(times)
    return dict(images_per_s=rate, ms=median, ms_low=low, ms_high=high)


def time_inference(
    config: Config, checkpoint: Path | None, device: str, number: int, warm_up: int
) -> dict[str, float | None]:
    """Time the model on single images.

    Returns:
        See :func:`measure`; also ``memory_mib``, what an image adds at the peak, and
        ``weights_mib``.
    """
    if checkpoint is None:
        torch.manual_seed(0)
        model = MODELS.build(config.model).eval()
    else:
        model = load_model(config.model, load_checkpoint(str(checkpoint)), str(checkpoint))
    model = revert_sync_batchnorm(model).to(device)
    dataset = DATASETS.build(config.test_dataloader.dataset)
    chosen = tqdm(range(min(number, len(dataset))), desc="reading images", leave=False)
    batches = cycle([pseudo_collate([dataset[index]]) for index in chosen])

    def predict() -> None:
        model.test_step(copy.deepcopy(next(batches)))  # a sample would keep its prediction

    with torch.inference_mode():
        result = measure(predict, 1, number, warm_up)
        result["memory_mib"] = added_memory(predict, device)
    result["weights_mib"] = sum(value.nbytes for value in model.state_dict().values()) / 2**20
    return result


def added_memory(function: Callable[[], object], device: str) -> float | None:
    """MiB that a call adds at its peak to what is held before it; None if that is not known."""
    if torch.device(device).type != "cuda":
        return peak_memory(function)
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    function()
    return (torch.cuda.max_memory_allocated(device) - before) / 2**20


def time_loading(config: Config, number: int, warm_up: int) -> dict[str, float | None]:
    """Time the batches of the training data loader; see :func:`measure`."""
    loader = Runner.build_dataloader(config.train_dataloader, seed=0)
    batches = chain.from_iterable(repeat(loader))
    return measure(lambda: next(batches), loader.batch_size, number, warm_up)


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
    args = parse_config_args(parser, argv)
    if args.number < 2 or args.warm_up < 0:
        parser.error("--number must be at least 2, and --warm-up at least 0")
    config = read_config(args)
    init_default_scope(config.get("default_scope", "mmdet"))
    quiet(MMLogger.get_current_instance())
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
