"""The progress line of the set-up."""

import importlib
import sys
from pathlib import Path

import pytest

MISC = Path(__file__).parents[3] / "tools" / "misc"


@pytest.fixture
def progress(monkeypatch):
    monkeypatch.syspath_prepend(str(MISC))
    return importlib.import_module("setup_progress")


def test_nothing_said_yet(progress):
    assert progress.Progress(now=100.0).text(now=165.0) == "1:05"


def test_compiled_files(progress):
    state = progress.Progress(now=0.0)
    state.read("  [26/78] c++ -MMD -MF /tmp/b.o")
    assert state.text(now=150.0) == "2:30  compiling file 26 of 78"
    state.read("Installing collected packages: a, b")
    assert state.text(now=500.0) == "8:20  copying files"


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            "  Downloading torch-2.13.0-cp311-none-any.whl (766.7 MB)",
            "downloading torch (766.7 MB)",
        ),
        ("  Building wheel for onedl-mmcv (pyproject.toml): started", "building onedl-mmcv"),
        ("Requirement already satisfied: numpy", ""),
        ("see [1/2] of the manual", ""),
    ],
)
def test_what_pip_does(progress, line, text):
    state = progress.Progress(now=0.0)
    state.read(line)
    assert state.detail == text


def test_command_output_goes_to_the_log(progress, tmp_path, capsys):
    log = tmp_path / "log"
    code = (
        "import sys; print('one'); print('two', file=sys.stderr); print('ä', end=''); sys.exit(3)"
    )
    command = [sys.executable, "-u", "-c", code]
    assert progress.run_with_progress("Title", command, log, {"PYTHONUTF8": "1"}) == 3
    assert log.read_text(encoding="utf-8").splitlines()[-3:] == ["one", "two", "ä"]
    assert capsys.readouterr().out == "  Title  …\n  Title  0:00  FAILED\n"


def test_silent_command(progress, tmp_path, capsys):
    command = [sys.executable, "-c", ""]
    assert progress.run_with_progress("Title", command, tmp_path / "log", {}) == 0
    assert capsys.readouterr().out.endswith("done\n")
