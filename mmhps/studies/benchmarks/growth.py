"""How the cost of the fusion grows with instances and pixels, beside MMDetection's."""

from __future__ import annotations

from functools import partial

import torch
from matplotlib.figure import Figure
from tqdm import tqdm

from mmhps.studies.benchmarks.fusion import Ours, Peer, make_scene
from mmhps.studies.timing import compare, peak_memory

SIZE, COUNT = (1024, 512), 30
COUNTS = (1, 3, 10, 30, 100, 300)
SIZES = ((512, 256), (1024, 512), (1448, 724), (2048, 1024), (2896, 1448), (4096, 2048))
NAMES = {"ours": "mmhps", "peer": "MMDetection"}
UNITS = {"ms": "time, ms", "mib": "peak memory, MiB"}


def measure(repeats: int) -> dict:
    """Both series, lists of the cost at each ``x``: the number of instances, or megapixels.

    The cost is ``ours_ms``, ``peer_ms`` and, measured after all times, ``ours_mib``, ``peer_mib``.
    """
    cases = [("instances", count, (*SIZE, count)) for count in COUNTS]
    cases += [("megapixels", w * h / 1e6, (w, h, COUNT)) for w, h in SIZES]
    result: dict[str, list] = {"instances": [], "megapixels": []}
    points = [dict(x=x) for _, x, _ in cases]
    fusions = dict(ours=Ours(), peer=Peer())
    with torch.inference_mode():
        for point, (series, _, scene) in zip(tqdm(points, desc="time"), cases, strict=True):
            calls = [partial(fusion, make_scene(*scene)) for fusion in fusions.values()]
            row = compare("", *calls, None, repeats)
            point.update(ours_ms=row.ours_ms, peer_ms=row.peer_ms)
            result[series].append(point)
        for point, (_, _, scene) in zip(tqdm(points, desc="memory"), cases, strict=True):
            for name, fusion in fusions.items():
                point[f"{name}_mib"] = peak_memory(partial(fusion, make_scene(*scene)))
    return result


def draw(result: dict) -> Figure:
    """A column for each series, a row for each unit, all axes logarithmic."""
    figure = Figure(figsize=(8, 6), layout="constrained")
    axes = figure.subplots(2, 2, sharex="col")
    titles = {"instances": "instances at {}x{}".format(*SIZE), "megapixels": f"{COUNT} instances"}
    for column, (series, title) in enumerate(titles.items()):
        axes[0, column].set_title(title)
        axes[1, column].set_xlabel(series)
        for row, (unit, label) in enumerate(UNITS.items()):
            for name, legend in NAMES.items():
                points = [(p["x"], p[f"{name}_{unit}"]) for p in result[series]]
                axes[row, column].loglog(*zip(*points, strict=True), marker="o", label=legend)
            axes[row, column].grid(alpha=0.3)
            axes[row, 0].set_ylabel(label)
    axes[0, 0].legend()
    return figure
