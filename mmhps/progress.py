"""Progress of a loop: a live bar on a terminal, a few lines elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from typing import Any

try:
    from tqdm import tqdm
except ModuleNotFoundError:  # the extra runtime does without: lines instead of a bar
    tqdm = None

__all__ = ["Progress"]

# Without a terminal, a loop prints a line for each tenth of its steps and at least every five
# minutes, but none if it ends within a few seconds.
LINES_PER_LOOP = 10
LEAST_SECONDS = 5
MOST_SECONDS = 300


class Progress:
    """One loop's progress: a live bar on a terminal, a few lines elsewhere.

    Args:
        title: What the loop does.
        total: Its number of steps.
        done: Steps that were done before, when training is resumed.
        keep: Whether the bar stays on the terminal when the loop ends.
    """

    def __init__(self, title: str, total: int, done: int = 0, keep: bool = True) -> None:
        self._title, self._total, self._first = title, total, done
        self._start = self._printed_at = time.monotonic()
        self._printed_at_step = done
        self._bar: Any = None
        # tqdm draws nothing on a terminal that does not tell its size.
        if tqdm and sys.stdout.isatty() and all(shutil.get_terminal_size((0, 0))):
            self._bar = tqdm(
                desc=title,
                total=total,
                initial=done,
                leave=keep,
                file=sys.stdout,
                dynamic_ncols=True,
            )

    def update(self, done: int, note: str = "") -> None:
        """Show that ``done`` steps are done."""
        if self._bar is not None:
            self._bar.set_postfix_str(note, refresh=False)
            self._bar.update(done - self._bar.n)
            return
        now = time.monotonic()
        enough = done - self._printed_at_step >= self._total / LINES_PER_LOOP or done == self._total
        if now - self._printed_at >= (LEAST_SECONDS if enough else MOST_SECONDS):
            self._printed_at, self._printed_at_step = now, done
            print(self._line(done, now - self._start, note), flush=True)

    def close(self) -> None:
        """End the bar."""
        if self._bar is not None:
            self._bar.close()

    def _line(self, done: int, seconds: float, note: str) -> str:
        left = seconds / max(done - self._first, 1) * (self._total - done)
        times = f"{interval(seconds)}, {interval(left)} left"
        return f"{self._title}: {done} of {self._total} ({times})  {note}".rstrip()


def interval(seconds: float) -> str:
    """A duration as minutes:seconds, from an hour on as hours:minutes:seconds."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}"
