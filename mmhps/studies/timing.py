"""Time two implementations of the same thing alternately in one process."""

from __future__ import annotations

import ctypes
import datetime
import gc
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from mmhps.studies.experiment import versions
from mmhps.studies.tables import benchmark_table

# Options of glibc's malloc, by their numbers in malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True)
class Row:
    """One comparison. ``ratio`` is the peer's value over ours: above 1, ours needs less.

    ``target`` is the ratio to reach; None where the figure only explains another one.
    """

    case: str
    ours_ms: float
    peer_ms: float
    ratio: float
    target: float | None

    @property
    def met(self) -> bool:
        """Whether the ratio reaches its target, if it has one."""
        return self.target is None or self.ratio >= self.target


def compare(
    case: str,
    ours: Callable[[], object],
    peer: Callable[[], object],
    target: float | None,
    repeats: int = 7,
) -> Row:
    """Time two functions alternately, see :func:`alternately`.

    Args:
        case: What is compared.
        ours: Our function.
        peer: The peer's.
        target: Ratio to reach, if any.
        repeats: Timed calls of each.

    Returns:
        Medians in milliseconds, and their ratio.
    """
    times = alternately({"ours": ours, "peer": peer}, repeats, case)
    ratio = times["peer"] / times["ours"]
    return Row(case, round(times["ours"], 2), round(times["peer"], 2), round(ratio, 2), target)


def alternately(
    calls: Mapping[str, Callable[[], object]], repeats: int, title: str | None = None
) -> dict[str, float]:
    """Time functions in turn, after one call of each that does not count.

    Freed memory stays with the process in the meantime: whether glibc returns it to the system is
    unpredictable, and getting it back can take as long as the computation.

    Args:
        calls: Functions by name.
        repeats: Timed calls of each.
        title: Of the progress bar; None shows none.

    Returns:
        Medians in milliseconds, by name.
    """
    _set_malloc({_TRIM_THRESHOLD: 2**31 - 1, _MMAP_MAX: 0})
    times: dict[str, list[float]] = {name: [] for name in calls}
    for turn in tqdm(range(repeats + 1), desc=title, leave=False, disable=title is None):
        for name, call in calls.items():
            elapsed = elapsed_ms(call)
            if turn:
                times[name].append(elapsed)
    return {name: statistics.median(values) for name, values in times.items()}


def elapsed_ms(function: Callable[[], object]) -> float:
    """Measure the milliseconds of a call, including the work that it queues on a GPU."""
    _synchronize()
    start = time.perf_counter()
    function()
    _synchronize()
    return 1000 * (time.perf_counter() - start)


def _synchronize() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def compare_memory(
    case: str, ours: Callable[[], object], peer: Callable[[], object], target: float | None
) -> list[Row]:
    """Compare peak memory, in MiB in place of milliseconds; no row where it is not known.

    The smaller value of two calls counts, because the first one may fill memory pools.
    """
    memory = [[peak_memory(function) for _ in range(2)] for function in (ours, peer)]
    if any(None in values for values in memory):
        return []
    mine, theirs = (round(max(min(values), 0.1), 1) for values in memory)
    return [Row(f"memory (MiB), {case}", mine, theirs, round(theirs / mine, 2), target)]


def peak_memory(function: Callable[[], object]) -> float | None:
    """Measure the MiB that a call adds to the resident memory at its peak; None if not known.

    From then on, the process returns freed memory at once, so that only memory that is in use at
    the same time counts.
    """
    gc.collect()
    try:
        # Larger blocks go back as soon as they are free, and what is free already goes now.
        _set_malloc({_TRIM_THRESHOLD: 0, _MMAP_THRESHOLD: 2**16, _MMAP_MAX: 2**16})
        ctypes.CDLL("libc.so.6").malloc_trim(0)
        _CLEAR.write_text("5", encoding="ascii")  # forget the highest value so far
        before = _memory("VmRSS")
        function()
        return max(_memory("VmHWM") - before, 0.0)
    except OSError:
        return None


def _set_malloc(options: Mapping[int, int]) -> None:
    """Set options of glibc's malloc, where there is one."""
    with suppress(OSError):
        libc = ctypes.CDLL("libc.so.6")
        for option, value in options.items():
            libc.mallopt(option, value)


def _memory(key: str) -> float:
    """A line of this process's status, in MiB."""
    lines = _STATUS.read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key + ":")) / 1024


def finish(rows: Sequence[Row], agree: bool = True, out: Path | None = None) -> bool:
    """Print the table, and as the last line one JSON object with ``rows`` and ``ok``.

    Args:
        rows: The comparisons.
        agree: Whether the results that were timed agree.
        out: JSON file that gets them as well, with date, versions and the number of threads.

    Returns:
        ``ok``: they agree, and every ratio reaches its target.
    """
    ok = agree and all(row.met for row in rows)
    return report(dict(rows=[asdict(row) for row in rows], ok=ok), out)


def report(result: Mapping[str, Any], out: Path | None = None) -> bool:
    """Print what :func:`finish` or :func:`joined` give, store it, and return ``ok``."""
    print(benchmark_table(result))
    print(json.dumps(result))
    if out is not None:
        write_results(result, out)
    return result["ok"]


def joined(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Join several runs of one benchmark.

    Args:
        runs: What :func:`finish` stored of each, at least one.

    Returns:
        The same with the medians, and in each row ``lowest``, the lowest ratio of all runs. ``ok``
        if all of them were.
    """
    rows = []
    for same in zip(*(run["rows"] for run in runs), strict=True):
        medians = {
            key: round(statistics.median(row[key] for row in same), 2)
            for key in ("ours_ms", "peer_ms", "ratio")
        }
        rows.append({**same[0], **medians, "lowest": min(row["ratio"] for row in same)})
    return dict(rows=rows, runs=len(runs), ok=all(run["ok"] for run in runs))


def write_results(result: Mapping[str, object], out: Path) -> None:
    """Write measured values to a JSON file, with date, versions and number of threads."""
    about = dict(
        date=datetime.date.today().isoformat(), threads=torch.get_num_threads(), **versions()
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(dict(result, about=about), indent=1) + "\n", encoding="utf-8")
