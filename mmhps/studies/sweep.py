"""Train and score several configs with several seeds, and read what is finished."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmhps.studies.experiment import RESULT, train_and_score
from mmhps.studies.systems import method_name, titles_of
from mmhps.studies.tables import Results


def run_folder(out: Path, config: Path, seed: int) -> Path:
    """Where a run is kept: ``OUT/FOLDER-OF-THE-CONFIG/METHOD-seedN``."""
    return out / config.parent.name / f"{method_name(config)}-seed{seed}"


def run_missing(
    configs: Sequence[Path],
    seeds: Sequence[int],
    out: Path,
    options: Mapping[str, Any],
    folds: int | None = None,
) -> None:
    """Run what is not finished, seed by seed, so that an early report compares all configs.

    Args:
        configs: The configs.
        seeds: Each config is trained with each.
        out: Folder of all runs.
        options: Changes of every config, as ``--cfg-options`` gives them.
        folds: Make this many folds of the images of all splits, and let seed K hold out block
            K modulo ``folds``. None: train and score on the splits of the configs.
    """
    titles = titles_of(configs)
    jobs = [(seed, path) for seed in seeds for path in configs]
    for number, (seed, path) in enumerate(jobs, start=1):
        cfg = Config.fromfile(path)
        cfg.merge_from_dict(dict(options))
        if folds is not None:
            hold_out(cfg, seed % folds, folds)
        heading = f"[{number}/{len(jobs)}] {titles[method_name(path)]}, seed {seed}"
        train_and_score(cfg, run_folder(out, path, seed), heading, seed)


SPLITS = ["train", "val"]
"""What cross-validation folds."""


def hold_out(cfg: Config, number: int, folds: int) -> None:
    """Train a config on all blocks but one of a data set in Cityscapes' layout, and score that one.

    The blocks are of its ``train`` and ``val``; a ``test`` takes no part.

    Args:
        cfg: Changed in place.
        number: The block, from 0.
        folds: The number of blocks.
    """
    for name in ("train_dataloader", "val_dataloader", "test_dataloader"):
        cfg[name].dataset.fold = dict(number=number, of=folds, splits=SPLITS)
        cfg[name].dataset.data_prefix = dict(img="leftImg8bit", seg="gtFine")


def read_results(configs: Sequence[Path], seeds: Sequence[int], out: Path) -> Results:
    """The finished runs by method and seed."""
    results: dict[str, dict[str, dict]] = {method_name(path): {} for path in configs}
    for path in configs:
        for seed in seeds:
            stored = run_folder(out, path, seed) / RESULT
            if stored.exists():
                content = json.loads(stored.read_text(encoding="utf-8"))
                results[method_name(path)][str(seed)] = content
    return results


def write_summary(results: Results, path: Path) -> None:
    """Write results without their configs to a JSON file, for the tables of the documentation.

    In an existing file, the systems with new results are replaced and the others kept.
    """
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    short = {
        system: {
            seed: {key: value for key, value in run.items() if key not in ("config", "checkpoint")}
            for seed, run in runs.items()
        }
        for system, runs in results.items()
        if runs
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**known, **short}, indent=1) + "\n", encoding="utf-8")
