"""Train a system, score it, and keep what was measured: one JSON file per run."""

from __future__ import annotations

import copy
import datetime
import json
import math
import os
import platform
import statistics
import subprocess
import time
from pathlib import Path

import mmcv
import mmdet
import mmengine
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.hooks import Hook

from mmhps.datasets.wrapping import type_name
from mmhps.engine.launch import running
from mmhps.engine.resume import newest_complete_checkpoint
from mmhps.models import HeuristicMergeHead, resolve_classes
from mmhps.version import __version__

RESULT = "result.json"


class StepTimer(Hook):
    """Median seconds of a training step, data loading included."""

    def __init__(self) -> None:
        self._last = 0.0
        self._seconds: list[float] = []

    def before_train(self, runner) -> None:
        self._last = time.perf_counter()

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        now = time.perf_counter()
        self._seconds.append(now - self._last)
        self._last = now

    @property
    def median(self) -> float:
        """Seconds; nan before the first step."""
        return statistics.median_high(self._seconds or [math.nan])


def train_and_score(cfg: Config, work_dir: Path, title: str, seed: int = 0) -> dict:
    """Train and score a config, unless its result is there already.

    An interrupted training continues from its last checkpoint. A network with another fusion than
    the heuristic merge is scored with the heuristic merge as well.

    Args:
        cfg: Complete config; it is not changed.
        work_dir: Folder of this run only, for checkpoints, logs and ``result.json``.
        title: Printed above the progress.
        seed: Seed of initialization, data order and augmentation.

    Returns:
        The content of ``result.json``: ``metrics`` (and ``heuristic``) in percent, ``checkpoint``,
        ``minutes`` (since the last interruption) and ``seconds_per_step`` of training, ``seed``,
        ``config``, ``commit``, ``date`` and ``versions``.

    Raises:
        ValueError: ``work_dir`` holds a run of another config or seed.
    """
    cfg = copy.deepcopy(cfg)
    resolve_classes(cfg)
    cfg.work_dir, cfg.randomness = str(work_dir), dict(seed=seed)
    stored = work_dir / RESULT
    if stored.exists():
        return _check(json.loads(stored.read_text(encoding="utf-8")), cfg, stored)
    _claim(work_dir, cfg)

    print(f"{title}: training", flush=True)
    checkpoint, timings = _train(cfg, work_dir)
    result = dict(
        metrics=score(cfg, checkpoint, f"{title}: scoring"),
        checkpoint=os.path.relpath(checkpoint, work_dir),
        **timings,
        seed=seed,
        config=cfg.pretty_text,
        commit=_commit(),
        date=datetime.date.today().isoformat(),
        versions=versions(),
    )
    heuristic = with_heuristic_merge(cfg)
    if heuristic is not None:
        # A folder of its own: the runner writes its config beside the log.
        heuristic.work_dir = str(work_dir / "heuristic_merge")
        result["heuristic"] = score(heuristic, checkpoint, f"{title}: scoring, heuristic merge")
    scratch = stored.with_suffix(".tmp")
    scratch.write_text(json.dumps(result, indent=1), encoding="utf-8")
    scratch.replace(stored)
    return result


def _train(cfg: Config, work_dir: Path) -> tuple[str, dict[str, float]]:
    """Train, from the last checkpoint if there is one; the final checkpoint and the durations."""
    timer, start = StepTimer(), time.monotonic()
    unfinished = copy.deepcopy(cfg)
    last = newest_complete_checkpoint(work_dir)
    if last is not None:
        unfinished.resume, unfinished.load_from = True, last
    # Scored once, after the last step.
    unfinished.val_dataloader = unfinished.val_evaluator = unfinished.val_cfg = None
    with running(unfinished) as runner:
        runner.register_hook(timer)
        runner.train()
        checkpoint = runner.message_hub.get_info("last_ckpt")
    minutes = (time.monotonic() - start) / 60
    return checkpoint, dict(minutes=round(minutes, 2), seconds_per_step=round(timer.median, 3))


def with_heuristic_merge(cfg: Config) -> Config | None:
    """The config with the heuristic merge as its fusion; None if it has that already."""
    head = cfg.model.panoptic_fusion_head
    if issubclass(MODELS.get(type_name(head)), HeuristicMergeHead):
        return None
    cfg = copy.deepcopy(cfg)
    counts = {key: head[key] for key in ("num_things_classes", "num_stuff_classes")}
    cfg.model.panoptic_fusion_head = dict(type="HeuristicMergeHead", **counts)
    return cfg


def score(cfg: Config, checkpoint: str, title: str) -> dict[str, float]:
    """Panoptic quality of a checkpoint on the test data of a config, in percent."""
    cfg = copy.deepcopy(cfg)
    cfg.load_from = checkpoint
    print(title, flush=True)
    with running(cfg) as runner:
        scores = runner.test()
    return {key.rpartition("/")[2]: round(float(value), 3) for key, value in scores.items()}


def _claim(work_dir: Path, cfg: Config) -> None:
    """Record the config of an unfinished run, so that no other continues from its checkpoint."""
    work_dir.mkdir(parents=True, exist_ok=True)
    record = work_dir / "running.json"
    if record.exists():
        _check(json.loads(record.read_text(encoding="utf-8")), cfg, record)
    record.write_text(json.dumps(dict(config=cfg.pretty_text)), encoding="utf-8")


def _check(stored: dict, cfg: Config, path: Path) -> dict:
    if stored["config"] != cfg.pretty_text:
        raise ValueError(
            f"{path} is of a run with another config or seed. Remove {path.parent}, or choose "
            "another output folder."
        )
    return stored


def _commit() -> str | None:
    """The commit of the working tree, marked where it has changes; None outside of git."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def versions() -> dict[str, str]:
    """Versions of this package and of those that its results depend on."""
    modules = dict(mmcv=mmcv, mmdet=mmdet, mmengine=mmengine, torch=torch)
    versions = {name: str(module.__version__) for name, module in modules.items()}
    return dict(mmhps=__version__, python=platform.python_version(), **versions)
