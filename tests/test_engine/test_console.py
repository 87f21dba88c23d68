"""What reaches the terminal and what only the log file."""

import logging
import sys

import pytest
from mmengine.logging import MMLogger, print_log
from mmengine.registry import VISBACKENDS

from mmhps.compat.messages import LOGGED_BY_OTHERS
from mmhps.datasets.panoptic_id_dataset import ImageError
from mmhps.engine import console


@pytest.fixture
def logger(tmp_path, request):
    """A logger with a file."""

    logger = MMLogger.get_instance(request.node.name, log_file=str(tmp_path / "log"))
    console.quiet(logger)
    return logger


def log_as(module, logger, text, level=logging.INFO, through_print_log=False):
    """Logs from a function of a module of that name."""
    code = "print_log(text, logger, level)" if through_print_log else "logger.log(level, text)"
    names = dict(__name__=module, logger=logger, text=text, level=level, print_log=print_log)
    exec(code, names)


@pytest.mark.parametrize("through_print_log", [False, True])
def test_terminal_shows_what_mmhps_says(logger, tmp_path, capsys, through_print_log):
    for module in ("mmhps.datasets.x", "mmengine.runner", "mmhpsx", "mmhps"):
        log_as(module, logger, f"from {module}", through_print_log=through_print_log)
    assert capsys.readouterr().out == "from mmhps.datasets.x\nfrom mmhps\n"
    assert (tmp_path / "log").read_text().count("from ") == 4


def test_terminal_shows_warnings_of_anyone_but_the_known_ones(logger, tmp_path, capsys):
    known = f"{LOGGED_BY_OTHERS[0]} Please use …"
    log_as("mmengine.fileio", logger, known, logging.WARNING)
    log_as("mmengine.runner", logger, "no gradient", logging.WARNING)
    assert capsys.readouterr().out == "WARNING: no gradient\n"
    assert known in (tmp_path / "log").read_text()


WORKER = """Caught FileNotFoundError in DataLoader worker process 1.
Original Traceback (most recent call last):
  File "worker.py", line 1, in _worker_loop
ValueError: an earlier one

FileNotFoundError: a.png: missing.
Take the file from the archive: again."""


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("a.png: too small"), "a.png: too small"),
        (FileNotFoundError(2, "a.png: missing"), "[Errno 2] a.png: missing"),
        (FileNotFoundError(WORKER), "a.png: missing.\nTake the file from the archive: again."),
    ],
)
def test_errors_of_the_input_end_with_their_message(monkeypatch, error, message):
    monkeypatch.setattr("sys.argv", ["train.py", "config.py"])
    with pytest.raises(SystemExit) as end, console.short_errors():
        raise error
    assert end.value.code == f"error: {message}\n(--verbose shows where it was raised)"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--verbose"], ValueError("x")),
        (["--verbose"], ImportError("pip install x")),
        ([], RuntimeError("x")),
        ([], ImportError("cannot import name 'x'")),
    ],
)
def test_other_errors_and_verbose_ones_keep_their_traceback(monkeypatch, arguments, error):
    monkeypatch.setattr("sys.argv", ["train.py", *arguments])
    with pytest.raises(type(error)), console.short_errors():
        raise error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ImageError("a.png: cannot be read"), "a.png: cannot be read"),
        (TypeError("X.__init__() missing 1 required argument: 'ann_file'"), "X.__init__() missing"),
        (KeyError("X is not in the mmdet::model registry. Please check"), "X is not in the mmdet"),
    ],
)
def test_errors_of_images_and_settings_are_one_sentence(monkeypatch, error, message):
    monkeypatch.setattr("sys.argv", ["train.py"])
    with pytest.raises(SystemExit) as end, console.short_errors():
        raise error
    assert message in end.value.code and "Please" not in end.value.code


@pytest.mark.parametrize("error", [TypeError("unsupported operand"), KeyError("x"), KeyError()])
def test_faults_of_the_program_keep_their_traceback(monkeypatch, error):
    monkeypatch.setattr("sys.argv", ["train.py"])
    with pytest.raises(type(error)), console.short_errors():
        raise error


@pytest.mark.parametrize("backend", ["Wandb", "MLflow", "ClearML", "Neptune", "Aim"])
def test_packages_of_backends_that_are_missing(monkeypatch, tmp_path, backend):
    """What MMEngine raises for each, at the first value that is logged."""
    monkeypatch.setattr("sys.argv", ["train.py"])
    monkeypatch.setitem(sys.modules, backend.lower(), None)
    build = VISBACKENDS.get(f"{backend}VisBackend")
    with pytest.raises(SystemExit) as end, console.short_errors():
        build(save_dir=str(tmp_path)).add_scalar("loss", 1.0)
    lines = end.value.code.splitlines()
    assert f"{backend.lower()}" in lines[0] and "pip install" in lines[0]
    assert lines[1].startswith("Or remove from the config what needs it, e.g. from visualizer.vis_")
