"""Tables of the results that :mod:`mmhps.studies` stores."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from mmhps.markdown import markdown_table

VALUES = [f"{value}{group}" for group in ("", "_th", "_st") for value in ("PQ", "SQ", "RQ")]
HEADER = ["PQ", "SQ", "RQ", "PQ Th", "SQ Th", "RQ Th", "PQ St", "SQ St", "RQ St"]

_FUSION_VALUES = ("PQ", "PQ Th", "SQ Th", "RQ Th", "PQ St")
_CLAIM = ("panoptic-fpn", "hps-isi")  # what the paper is about

Results = Mapping[str, Mapping[str, dict]]
"""Results by system and, below that, by seed (as a string, as in JSON)."""


def mean_std(values: Sequence[float]) -> str:
    """Mean and sample standard deviation, e.g. ``41.3 ± 0.4``; one value has no deviation."""
    mean = f"{statistics.fmean(values):.1f}"
    return f"{mean} ± {statistics.stdev(values):.1f}" if len(values) > 1 else mean


def results_table(results: Results, titles: Mapping[str, str]) -> str:
    """Table 1 of the paper; with HPS also the heuristic merge of the same network.

    Further columns are the classes that a metric reports by themselves.

    Args:
        results: What was measured.
        titles: What each system is called.
    """
    rows = []
    classes = class_keys(results)
    for system, runs in results.items():
        for key, suffix in (("metrics", ""), ("heuristic", ", heuristic merge")):
            found = [run[key] for run in runs.values() if key in run]
            if found:
                cells = [mean_std([metrics[v] for metrics in found]) for v in [*VALUES, *classes]]
                rows.append([titles[system] + suffix, str(len(found)), *cells])
    header = ["system", "seeds", *HEADER, *(key.replace("_", " ") for key in classes)]
    return markdown_table(header, rows)


def class_keys(results: Results) -> list[str]:
    """The values of single classes that every run has, e.g. ``PQ_car``."""
    runs = [run["metrics"] for seeds in results.values() for run in seeds.values()]
    return [key for key in runs[0] if key not in VALUES and all(key in run for run in runs)]


def differences_table(results: Results, titles: Mapping[str, str]) -> str:
    """Paired differences with their standard errors.

    Between neighbours of the table, HPS + ISI and Panoptic FPN, and the two fusions of one network.

    Args:
        results: What was measured.
        titles: What each system is called.
    """
    rows = []
    systems = [system for system in results if results[system]]
    compared = list(zip(systems, systems[1:], strict=False))
    if _CLAIM not in compared and set(_CLAIM) <= set(systems):
        compared.append(_CLAIM)
    for lower, upper in compared:
        seeds = sorted(results[lower].keys() & results[upper].keys())
        pairs = [(results[upper][s]["metrics"], results[lower][s]["metrics"]) for s in seeds]
        rows += _difference_rows(f"{titles[upper]} − {titles[lower]}", pairs)
    for system in systems:
        runs = [run for run in results[system].values() if "heuristic" in run]
        pairs = [(run["metrics"], run["heuristic"]) for run in runs]
        rows += _difference_rows(f"{titles[system]}: own fusion − heuristic merge", pairs)
    return markdown_table(["difference", "of", "mean", "standard error", "seeds"], rows)


def baseline_table(results: Results, titles: Mapping[str, str]) -> str:
    """Paired differences to Panoptic FPN, and of the fusions of one network, the best ones first.

    Args:
        results: What was measured, Panoptic FPN included, maybe as an ablation of that name.
        titles: What each system is called.
    """
    rows = []
    first = next(name for name in results if name.endswith(_CLAIM[0]))
    for system, runs in results.items():
        seeds = sorted(results[first].keys() & runs.keys())
        pairs = [(runs[s]["metrics"], results[first][s]["metrics"]) for s in seeds]
        merged = [(r["metrics"], r["heuristic"]) for r in runs.values() if "heuristic" in r]
        if system != first and pairs:
            cells = [_mean_error(pairs, key) for key in ("PQ", "PQ_th", "PQ_st")]
            mean = statistics.fmean(run["PQ"] - other["PQ"] for run, other in pairs)
            row = [titles[system], str(len(pairs)), *cells, _mean_error(merged, "PQ")]
            rows.append((mean, row))
    header = ["system", "seeds", "PQ", "PQ Th", "PQ St", "own fusion − heuristic merge"]
    return markdown_table(header, [row for _, row in sorted(rows, reverse=True)])


def _mean_error(pairs: Sequence[tuple[Mapping[str, float], Mapping[str, float]]], key: str) -> str:
    """Mean and standard error of the differences, e.g. ``+1.2 ± 0.3``; empty without pairs."""
    deltas = [first[key] - second[key] for first, second in pairs]
    if len(deltas) < 2:
        return f"{deltas[0]:+.2f}" if deltas else ""
    return f"{statistics.fmean(deltas):+.2f} ± {_standard_error(deltas):.2f}"


def _standard_error(deltas: Sequence[float]) -> float:
    return statistics.stdev(deltas) / math.sqrt(len(deltas))


def costs_table(costs: Mapping[str, Mapping[str, float]], titles: Mapping[str, str]) -> str:
    """What ``tools/analysis_tools/compare_costs.py`` measures; steps relative to the first."""
    first = next(iter(costs.values()))
    rows = [
        [
            titles[name],
            f"{cost['parameters']:.2f}",
            f"{cost['operations']:.2f}",
            f"{cost['fusion']:.1f}",
            f"{cost['prediction']:.1f}",
            f"{cost['step'] / first['step']:.2f}",
        ]
        for name, cost in costs.items()
    ]
    header = ["system", "parameters, M", "GFLOPs", "fusion, ms", "image, ms", "training step"]
    return markdown_table(header, rows)


def _difference_rows(
    name: str, pairs: Sequence[tuple[Mapping[str, float], Mapping[str, float]]]
) -> list[list[str]]:
    """Mean and standard error of first minus second: PQ of all, things, stuff, single classes."""
    rows = []
    single = [key for key in pairs[0][0] if key not in VALUES] if pairs else []
    for value in ("PQ", "PQ_th", "PQ_st", *single) if pairs else ():
        deltas = [first[value] - second[value] for first, second in pairs]
        error = f"{_standard_error(deltas):.2f}" if len(deltas) > 1 else "–"
        rows.append([name, value, f"{statistics.fmean(deltas):+.2f}", error, str(len(deltas))])
    return rows


def fusions_table(study: Mapping[str, Any]) -> str:
    """What ``tools/analysis_tools/fusion_study.py`` measures, a line for each fusion.

    Args:
        study: Under ``fusions`` the values by fusion, the networks' own one first, and by network.
            The table has their means, and the mean differences to the first fusion with their
            standard errors.
    """
    results = study["fusions"]
    own = next(iter(results.values()))
    differences = ("PQ", "PQ Th", "PQ St")
    means = [key for key in next(iter(own.values())) if key not in _FUSION_VALUES]
    rows = []
    for name, networks in results.items():
        values = list(networks.values())
        cells = [mean_std([one["PQ"] for one in values])]
        pairs = [(networks[network], own[network]) for network in networks]
        cells += [_mean_error(pairs, key) if networks is not own else "–" for key in differences]
        cells += [f"{statistics.fmean(one[key] for one in values):.1f}" for key in means]
        rows.append([name, *cells])
    header = ["fusion", "PQ", *(f"Δ {key}" for key in differences), *means]
    return markdown_table(header, rows)


def pooled_table(result: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """What ``tools/analysis_tools/pooled_quality.py`` measures, a line for each system."""
    groups = {"All": "PQ", "Things": "PQ Th", "Stuff": "PQ St"}
    rows = []
    for system, values in result["systems"].items():
        cells = [f"{values[group]['pq']:.1f}" for group in groups]
        cells += [_interval(values[group]) for group in groups]
        rows.append([titles.get(system, system), str(result["images"]), *cells])
    header = ["system", "images", *groups.values(), *(f"Δ {name}" for name in groups.values())]
    return markdown_table(header, rows)


def _interval(values: Mapping[str, float]) -> str:
    if "difference" not in values:
        return "–"
    return f"{values['difference']:+.2f} ({values['low']:+.2f} to {values['high']:+.2f})"


def benchmark_table(result: Mapping[str, Any]) -> str:
    """What :mod:`mmhps.studies.timing` measures, a line for each comparison.

    Of several runs, the lowest ratio stands beside the median, and has to reach the target.
    """
    several = "runs" in result
    rows = [
        [
            row["case"],
            f"{row['ours_ms']:.1f}",
            f"{row['peer_ms']:.1f}",
            f"{row['ratio']:.2f}",
            *([f"{row['lowest']:.2f}"] if several else []),
            *_against_target(row["lowest" if several else "ratio"], row["target"]),
        ]
        for row in result["rows"]
    ]
    lowest = [f"lowest of {result['runs']}"] if several else []
    header = ["case", "ours, ms", "peer, ms", "peer ÷ ours", *lowest, "target", ""]
    return markdown_table(header, rows)


def _against_target(ratio: float, target: float | None) -> tuple[str, str]:
    if target is None:
        return "", ""
    return f"{target:.2f}", "reached" if ratio >= target else "missed"


def onnx_table(results: Mapping[str, Mapping[str, Any]]) -> str:
    """What ``tools/deployment/compare_onnx.py`` measures, a line for each file on each data set."""
    rows = []
    for name, result in results.items():
        for file, values in result.items():
            if isinstance(values, Mapping):
                rows.append([name, str(result["images"]), file, *_onnx_cells(values)])
    header = ["data", "images", "file", "MB", "PQ", "pixels that differ, %", "worst image, %"]
    return markdown_table([*header, "images with other instances", "ms"], rows)


def _onnx_cells(values: Mapping[str, float]) -> list[str]:
    formats = dict(
        megabytes="{:.1f}",
        PQ="{:.2f}",
        different_percent="{:.4f}",
        worst_image_percent="{:.3f}",
        images_with_other_instances="{:.0f}",
        ms="{:.0f}",
    )
    return [layout.format(values[key]) if key in values else "–" for key, layout in formats.items()]
