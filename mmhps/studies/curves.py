"""Curves of losses and metrics over the iterations of trainings, as MMEngine logs them."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

Curve = list[tuple[int, float]]


def find_log(path: Path) -> Path:
    """The file itself, or the newest ``scalars.json`` below a folder.

    Raises:
        FileNotFoundError: There is none.
    """
    if path.is_file():
        return path
    logs = sorted(path.rglob("vis_data/scalars.json"), key=lambda log: log.parts[-3])
    if not logs:
        raise FileNotFoundError(f"{path}: no vis_data/scalars.json in it. Name a work directory.")
    return logs[-1]  # MMEngine names the folders by their time


def read_curves(path: Path) -> dict[str, Curve]:
    """Read what MMEngine logged.

    Args:
        path: A ``scalars.json``: one JSON object per line, with its ``step``.

    Returns:
        (iteration, value) pairs by key, in the order of the file; a metric's key is without its
        prefix: ``PQ``, not ``cityscapes_panoptic/PQ``. The iteration of a validation is that of the
        last logged one of training before it: MMEngine writes the epoch, 0 without epochs.

    Raises:
        ValueError: A line is not such an object.
    """
    curves: dict[str, Curve] = {}
    iteration = 0
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            entry = json.loads(line)
            step = entry["step"]
            iteration = step if "iter" in entry else iteration
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{path}, line {number}: expected a JSON object with a step, as MMEngine writes "
                f"it, got {line[:60]!r}. Name the scalars.json of a training."
            ) from error
        for key, value in entry.items():
            if isinstance(value, (int, float)):
                curves.setdefault(key.rsplit("/", 1)[-1], []).append((iteration, value))
    return curves


def draw(runs: Mapping[str, Mapping[str, Curve]], keys: Sequence[str]) -> Figure:
    """Draw one panel per key, with one line per run that has it.

    Args:
        runs: Curves of :func:`read_curves` by the name of the run.
        keys: What to draw.

    Raises:
        ValueError: No run has a key.
    """
    known = sorted({key for curves in runs.values() for key in curves})
    figure = Figure(figsize=(5.5 * len(keys), 4.5), layout="constrained")
    panels = figure.subplots(1, len(keys), squeeze=False)[0]
    for axes, key in zip(panels, keys, strict=True):
        if key not in known:
            close = difflib.get_close_matches(key, known, 3, 0.4) or known
            raise ValueError(f"--keys: no run logged {key!r}; there are {close}")
        for index, (name, curves) in enumerate(runs.items()):
            if key in curves:  # the colour is the run's in every panel
                axes.plot(*zip(*curves[key], strict=True), ".-", label=name, color=f"C{index}")
        axes.set_title(key)
        axes.set_xlabel("iteration")
        axes.grid(alpha=0.3)
    handles = dict(
        (label, handle)
        for axes in panels
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    )
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4)
    return figure
