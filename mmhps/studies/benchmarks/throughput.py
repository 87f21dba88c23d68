"""Training from files to updated weights: the fast settings against the default ones.

HPS + ISI on mini-Cityscapes, loading included, which both do in the main process. The fast settings
are those of `tools/train.py --amp` on a CPU, bfloat16, with a data set that has a cache. The losses
of the first step must agree.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from typing import Any

from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmhps.apis.model_zoo import zoo_root
from mmhps.datasets.samplers import set_seed
from mmhps.datasets.wrapping import innermost
from mmhps.studies.timing import Row, compare

CONFIG = "configs/mini/hps-isi_r18_mini.py"
STEPS = 4  # of one timed call
TARGET = 1.5
TOLERANCE = 0.05
"""Largest relative difference of the first losses: bfloat16 has 8 bits."""


def make_steps(cfg: Config) -> Callable[[], list[float]]:
    """A function that makes some training steps, and returns their losses."""
    init_default_scope("mmdet")
    set_seed([0])
    loader = Runner.build_dataloader(cfg.train_dataloader, seed=0)
    for dataset in innermost(loader.dataset):
        dataset.fill_cache()
    model = MODELS.build(cfg.model).train()
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    batches: Iterator[Any] = iter(loader)

    def run() -> list[float]:
        losses = []
        for _ in range(STEPS):
            set_seed([0, len(losses)])
            losses.append(model.train_step(next(batches), wrapper)["loss"].detach().item())
        return losses

    return run


def configure(cache: str | None) -> Config:
    """The default settings, or with a cache the fast ones."""
    cfg = Config.fromfile(zoo_root() / CONFIG)
    cfg.model.backbone.init_cfg = None
    cfg.train_dataloader.num_workers, cfg.train_dataloader.persistent_workers = 0, False
    if cache:
        cfg.train_dataloader.dataset.cache = dict(folder=cache, max_gigabytes=1)
        cfg.optim_wrapper.type = "BFloat16OptimWrapper"
    return cfg


def run(repeats: int = 9) -> tuple[list[Row], bool]:
    """Compare images per second; the first losses must agree."""
    with tempfile.TemporaryDirectory() as folder:
        fast, slow = make_steps(configure(folder)), make_steps(configure(None))
        mine, theirs = fast()[0], slow()[0]
        row = compare(f"HPS + ISI, {STEPS} steps", fast, slow, TARGET, repeats)
    return [row], abs(mine - theirs) <= TOLERANCE * theirs
