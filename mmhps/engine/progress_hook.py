"""Progress of training, validation and testing, in place of hundreds of log lines."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from numbers import Number

from mmdet.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from tqdm import tqdm

from mmhps.progress import Progress


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
