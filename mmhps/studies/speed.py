"""Speed and memory of one config."""

from __future__ import annotations

import copy
import statistics
from collections.abc import Callable
from itertools import chain, cycle, repeat
from pathlib import Path

import torch
from mmdet.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.model import revert_sync_batchnorm
from mmengine.runner import Runner
from tqdm import tqdm

from mmhps.apis.trained_models import load_model
from mmhps.engine.checkpoints import load_checkpoint
from mmhps.models import resolve_classes
from mmhps.studies.timing import elapsed_ms, peak_memory


def measure(
    call: Callable[[], object], images: int, number: int, warm_up: int
) -> dict[str, float | None]:
    """Time repeated calls of a function.

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
    resolve_classes(config)
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
