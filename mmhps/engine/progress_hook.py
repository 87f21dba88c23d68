"""Progress of training, validation and testing, in place of hundreds of log lines."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Mapping
from numbers import Number

from mmdet.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from tqdm import tqdm

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
        self._bar: tqdm | None = None
        # tqdm draws nothing on a terminal that does not tell its size.
        if sys.stdout.isatty() and all(shutil.get_terminal_size((0, 0))):
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
        times = f"{tqdm.format_interval(seconds)}, {tqdm.format_interval(left)} left"
        return f"{self._title}: {done} of {self._total} ({times})  {note}".rstrip()


@HOOKS.register_module()
class ProgressHook(Hook):
    """Shows the progress with loss and remaining time, and the metrics of every evaluation.

    It runs after all other hooks, so that what it shows is final.
    """

    priority = "LOWEST"

    def __init__(self) -> None:
        self._loops: dict[str, Progress] = {}

    def before_train(self, runner: Runner) -> None:
        """Start the training's progress, at the iteration that it is resumed from."""
        self._start("train", runner.max_iters, runner.iter)

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None):
        """Show the iteration and its smoothed loss."""
        scalars = runner.message_hub.log_scalars
        loss = f"loss {scalars['train/loss'].mean(20):.3f}" if "train/loss" in scalars else ""
        self._update("train", runner.iter + 1, loss)

    def after_train(self, runner: Runner) -> None:
        """End the training's progress."""
        self._end("train")

    def before_val_epoch(self, runner: Runner) -> None:
        """Start the validation's progress."""
        self._start("val", len(runner.val_dataloader))

    def after_val_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None):
        """Show the batch."""
        self._update("val", batch_idx + 1)

    def after_val_epoch(self, runner: Runner, metrics: Mapping[str, float] | None = None) -> None:
        """Print the metrics with the iteration that they belong to."""
        self._end("val")
        when = f" at iteration {runner.iter}" if "train" in self._loops else ""
        self._say(f"val{when}: {summary(metrics or {})}")

    def before_test_epoch(self, runner: Runner) -> None:
        """Start the test's progress."""
        self._start("test", len(runner.test_dataloader))

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None):
        """Show the batch."""
        self._update("test", batch_idx + 1)

    def after_test_epoch(self, runner: Runner, metrics: Mapping[str, float] | None = None) -> None:
        """Print the metrics."""
        self._end("test")
        self._say(f"test: {summary(metrics or {})}")

    def _start(self, loop: str, total: int, done: int = 0) -> None:
        if is_main_process():
            self._loops[loop] = Progress(loop, total, done, keep=loop != "val")

    def _update(self, loop: str, done: int, note: str = "") -> None:
        if loop in self._loops:
            self._loops[loop].update(done, note)

    def _end(self, loop: str) -> None:
        if loop in self._loops:
            self._loops.pop(loop).close()

    def _say(self, text: str) -> None:
        if is_main_process():
            tqdm.write(text, file=sys.stdout)


def summary(metrics: Mapping[str, object]) -> str:
    """The numbers among ``metrics`` in one line, their keys without the prefix before a slash."""
    parts = [
        f"{key.rpartition('/')[2]} {value:.4g}"
        for key, value in metrics.items()
        if isinstance(value, Number)
    ]
    return "  ".join(parts) or "no metrics"
