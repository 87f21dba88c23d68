"""Progress of loops, on a terminal and elsewhere."""

import io
from types import SimpleNamespace

import pytest
from mmengine.logging import HistoryBuffer

from mmhps import progress as progress_module
from mmhps.engine import ProgressHook, progress_hook
from mmhps.engine.progress_hook import summary
from mmhps.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until ``clock.now`` is moved."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: clock.now)
    return clock


@pytest.fixture
def runner():
    """What the hook reads of a runner that has done 5 of 10 iterations."""
    return SimpleNamespace(
        iter=5,
        max_iters=10,
        val_dataloader=[0, 1],
        test_dataloader=[0, 1, 2],
        message_hub=SimpleNamespace(log_scalars={"train/loss": HistoryBuffer([1.0, 2.0], [1, 1])}),
    )


def test_no_steps(capsys):
    progress = Progress("train", 0)
    progress.update(0)
    progress.close()
    assert capsys.readouterr().out == ""


def test_a_line_per_tenth_in_a_file(clock, capsys):
    progress = Progress("train", 100)
    for done in range(1, 101):
        clock.now = 10.0 * done
        progress.update(done, "loss 1.0")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 10
    assert lines[0] == "train: 10 of 100 (01:40, 15:00 left)  loss 1.0"
    assert lines[-1] == "train: 100 of 100 (16:40, 00:00 left)  loss 1.0"


def test_a_line_every_five_minutes_of_a_long_run(clock, capsys):
    progress = Progress("train", 1000)
    for done in range(1, 7):
        clock.now = 100.0 * done
        progress.update(done)
    assert [line.split(" (")[0] for line in capsys.readouterr().out.splitlines()] == [
        "train: 3 of 1000",
        "train: 6 of 1000",
    ]


def test_no_line_for_what_is_over_at_once(clock, capsys):
    progress = Progress("val", 3)
    for done in (1, 2, 3):
        clock.now = float(done)
        progress.update(done)
    assert capsys.readouterr().out == ""


def test_resumed_run_counts_only_its_own_time(clock, capsys):
    progress = Progress("train", 100, done=50)
    clock.now = 60.0
    progress.update(60)
    assert capsys.readouterr().out == "train: 60 of 100 (01:00, 04:00 left)\n"


def test_bar_on_a_terminal(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(progress_module.sys, "stdout", terminal)
    monkeypatch.setattr(progress_module.shutil, "get_terminal_size", lambda default: (80, 24))
    progress = Progress("train", 4, done=1)
    progress.update(4, "loss 0.5")
    progress.close()
    last = terminal.getvalue().split("\r")[-1]
    assert "train: 100%" in last
    assert "4/4" in last
    assert "loss 0.5" in last


def test_no_bar_on_a_terminal_without_size(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(progress_module.sys, "stdout", terminal)
    monkeypatch.setattr(progress_module.shutil, "get_terminal_size", lambda default: (0, 0))
    Progress("train", 4).close()
    assert terminal.getvalue() == ""


def test_training_with_validation(clock, runner, capsys):
    hook = ProgressHook()
    hook.before_train(runner)
    clock.now = 60.0
    hook.after_train_iter(runner, 5)
    runner.iter = 6
    hook.before_val_epoch(runner)
    hook.after_val_iter(runner, 0)
    hook.after_val_epoch(runner, {"cityscapes_panoptic/PQ": 12.345, "table": "text"})
    hook.after_train(runner)
    assert capsys.readouterr().out.splitlines() == [
        "train: 6 of 10 (01:00, 04:00 left)  loss 1.500",
        "val at iteration 6: PQ 12.35",
    ]


def test_testing(clock, runner, capsys):
    hook = ProgressHook()
    hook.before_test_epoch(runner)
    for batch in range(3):
        hook.after_test_iter(runner, batch)
    hook.after_test_epoch(runner, {"x/PQ": 50.0, "x/SQ": float("nan")})
    assert capsys.readouterr().out == "test: PQ 50  SQ nan\n"


def test_only_the_main_process_speaks(monkeypatch, clock, runner, capsys):
    monkeypatch.setattr(progress_hook, "is_main_process", lambda: False)
    hook = ProgressHook()
    hook.before_train(runner)
    clock.now = 600.0
    hook.after_train_iter(runner, 5)
    hook.after_val_epoch(runner, {"PQ": 1.0})
    hook.after_train(runner)
    assert capsys.readouterr().out == ""


def test_summary_of_nothing():
    assert summary({}) == "no metrics"
