"""Tables of the results that :mod:`mmhps.engine.experiment` stores."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

SYSTEMS = {
    "semantic-plus-instance": "Semantic + Instance",
    "panoptic-fpn": "Panoptic FPN",
    "hps": "HPS",
    "hps-isi": "HPS + ISI",
}
"""The systems of the paper's Table 1, in its order, and their titles."""

_HEAD, _SEMANTIC = "model.panoptic_fusion_head", "model.semantic_head"


def _steps(number: int) -> dict[str, Any]:
    """What a config of the mini schedule changes to train for this many steps."""
    keys = ("train_cfg.max_iters", "train_cfg.val_interval", "param_scheduler.1.end")
    return dict.fromkeys(keys, number)


_SHORT = _steps(500)
_SCRATCH = {"model.backbone.init_cfg": None, "model.neck.init_cfg": None, **_steps(600)}
_X1 = {**_SCRATCH, f"{_HEAD}.mask_scale": 1.0, f"{_HEAD}.loss_weight": 0.2}
_RIVALS = {**_X1, f"{_HEAD}.false_detections": True}
_RIVALS_X4 = {**_RIVALS, f"{_HEAD}.mask_scale": 4.0, f"{_HEAD}.scale_gradient": True}
_NARROW = {f"{_SEMANTIC}.isi_channels": 32, f"{_SEMANTIC}.identity_init": False}
VARIANTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "panoptic-fpn-semantic": (
        "Panoptic FPN, semantic loss 2 in place of 1",
        "panoptic-fpn",
        {**_SHORT, f"{_SEMANTIC}.loss_seg.loss_weight": 2.0},
    ),
    "hps-literal": ("HPS, the paper read literally", "hps-literal", _SHORT),
    "hps-x1": ("HPS, mask logits × 1", "hps", {f"{_HEAD}.mask_scale": 1.0}),
    "hps-light": (
        "HPS, panoptic loss 0.2 in place of 0.5",
        "hps",
        {f"{_HEAD}.loss_weight": 0.2},
    ),
    "hps-scaled-gradient": (
        "HPS, gradient of the mask logits × 4 as well",
        "hps",
        {f"{_HEAD}.scale_gradient": True},
    ),
    "isi-detached": ("HPS + ISI, no gradient through ISI", "hps-isi", {"model.isi.detach": True}),
    "scratch-semantic-plus-instance": (
        "Semantic + Instance, from scratch",
        "semantic-plus-instance",
        _SCRATCH,
    ),
    "scratch-panoptic-fpn": ("Panoptic FPN, from scratch", "panoptic-fpn", _SCRATCH),
    "scratch-hps-x1": ("HPS, mask logits × 1, from scratch", "hps", _X1),
    "scratch-hps-rivals-x4": ("HPS, rivals, from scratch", "hps", _RIVALS_X4),
    "scratch-isi-x1": ("HPS + ISI, mask logits × 1, from scratch", "hps-isi", _X1),
    "scratch-isi-rivals-x1": (
        "HPS + ISI, rivals, mask logits × 1, from scratch",
        "hps-isi",
        _RIVALS,
    ),
    "scratch-isi-rivals-x4": ("HPS + ISI, rivals, from scratch (A)", "hps-isi", _RIVALS_X4),
    "scratch-isi-heavy": (
        "A, panoptic loss 0.5 in place of 0.2",
        "hps-isi",
        {**_RIVALS_X4, f"{_HEAD}.loss_weight": 0.5},
    ),
    "scratch-isi-semantic": (
        "A, semantic loss 2 in place of 1",
        "hps-isi",
        {**_RIVALS_X4, f"{_SEMANTIC}.loss_seg.loss_weight": 2.0},
    ),
    "scratch-isi-narrow": (
        "A, 32 channels, usual initialization (B)",
        "hps-isi",
        {**_RIVALS_X4, **_NARROW},
    ),
    "scratch-isi-narrow-detached": (
        "B, no gradient through ISI",
        "hps-isi",
        {**_RIVALS_X4, **_NARROW, "model.isi.detach": True},
    ),
}
"""Variants of the study: title, the system that is changed, and what is changed in its config."""

VALUES = [f"{value}{group}" for group in ("", "_th", "_st") for value in ("PQ", "SQ", "RQ")]
HEADER = ["PQ", "SQ", "RQ", "PQ Th", "SQ Th", "RQ Th", "PQ St", "SQ St", "RQ St"]


def title(name: str) -> str:
    """What a system or a variant is called in a table."""
    return SYSTEMS[name] if name in SYSTEMS else VARIANTS[name][0]


Results = Mapping[str, Mapping[str, dict]]
"""Results by system and, below that, by seed (as a string, as in JSON)."""


def mean_std(values: Sequence[float]) -> str:
    """Mean and sample standard deviation, e.g. ``41.3 ± 0.4``; one value has no deviation."""
    mean = f"{statistics.fmean(values):.1f}"
    return f"{mean} ± {statistics.stdev(values):.1f}" if len(values) > 1 else mean


def results_table(results: Results) -> str:
    """Table 1 of the paper; HPS variants also with the heuristic merge of the same network."""
    rows = []
    for system, runs in results.items():
        for key, suffix in (("metrics", ""), ("heuristic", ", heuristic merge")):
            found = [run[key] for run in runs.values() if key in run]
            if found:
                cells = [mean_std([metrics[v] for metrics in found]) for v in VALUES]
                rows.append([title(system) + suffix, str(len(found)), *cells])
    return markdown_table(["system", "seeds", *HEADER], rows)


def differences_table(results: Results) -> str:
    """Paired differences with their standard errors.

    Between neighbours of the table, and between the two fusions of one network.
    """
    rows = []
    systems = [system for system in results if results[system]]
    for lower, upper in zip(systems, systems[1:], strict=False):
        seeds = sorted(results[lower].keys() & results[upper].keys())
        pairs = [(results[upper][s]["metrics"], results[lower][s]["metrics"]) for s in seeds]
        rows += _difference_rows(f"{title(upper)} − {title(lower)}", pairs)
    for system in systems:
        runs = [run for run in results[system].values() if "heuristic" in run]
        pairs = [(run["metrics"], run["heuristic"]) for run in runs]
        rows += _difference_rows(f"{title(system)}: own fusion − heuristic merge", pairs)
    return markdown_table(["difference", "of", "mean", "standard error", "seeds"], rows)


def _difference_rows(
    name: str, pairs: Sequence[tuple[Mapping[str, float], Mapping[str, float]]]
) -> list[list[str]]:
    """Mean and standard error of first minus second, for PQ of all, things and stuff."""
    rows = []
    for value in ("PQ", "PQ_th", "PQ_st") if pairs else ():
        deltas = [first[value] - second[value] for first, second in pairs]
        error = "–"
        if len(deltas) > 1:
            error = f"{statistics.stdev(deltas) / math.sqrt(len(deltas)):.2f}"
        rows.append([name, value, f"{statistics.fmean(deltas):+.2f}", error, str(len(deltas))])
    return rows


def fusions_table(results: Mapping[str, Mapping[str, float]]) -> str:
    """What ``tools/analysis_tools/fusion_study.py`` measures, a line for each fusion."""
    header = list(next(iter(results.values())))
    rows = [
        [name, *(f"{v:.1f}" if isinstance(v, float) else str(v) for v in row.values())]
        for name, row in results.items()
    ]
    return markdown_table(["fusion", *header], rows)


def benchmark_table(result: Mapping[str, Any]) -> str:
    """What :mod:`mmhps.engine.benchmark` measures, a line for each comparison."""
    rows = [
        [
            row["case"],
            f"{row['ours_ms']:.1f}",
            f"{row['peer_ms']:.1f}",
            f"{row['ratio']:.2f}",
            *_against_target(row["ratio"], row["target"]),
        ]
        for row in result["rows"]
    ]
    return markdown_table(["case", "ours, ms", "peer, ms", "peer ÷ ours", "target", ""], rows)


def _against_target(ratio: float, target: float | None) -> tuple[str, str]:
    if target is None:
        return "", ""
    return f"{target:.2f}", "reached" if ratio >= target else "missed"


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Align cells as a Markdown table."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in (header, ["-" * width for width in widths], *rows)
    ]
    return "\n".join(f"| {line} |" for line in lines)


def write_summary(results: Results, path: Path) -> None:
    """Write results without their configs to a JSON file, for the tables of the documentation.

    Of a file that is there already, the systems that have results are replaced and the others kept.
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
