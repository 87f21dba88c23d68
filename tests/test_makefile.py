"""How make finds a Python, and what it does with the settings."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# What is passed on to the set-up, and by which Python.
RECORD = "import sys; print(*sys.argv[1:], sys.executable, sep='|')"


@pytest.fixture
def make(tmp_path):
    """Return a function that runs make in a folder with nothing but the Makefile.

    Its PATH holds only what ``bin`` holds; a Python goes there with ``python()``.
    """
    (tmp_path / "tools" / "misc").mkdir(parents=True)
    (tmp_path / "tools" / "misc" / "setup_env.py").write_text(RECORD)
    shutil.copy(ROOT / "Makefile", tmp_path)
    folder = tmp_path / "bin"
    folder.mkdir()

    def run(*arguments):
        command = [shutil.which("make"), "--no-print-directory", *arguments]
        env = dict(PATH=str(folder), HOME=str(tmp_path))
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)

    return run


@pytest.fixture
def python(tmp_path):
    """Return a function that puts an executable with these lines into the PATH."""

    def write(name, *lines):
        path = tmp_path / name if "/" in name else tmp_path / "bin" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
        path.chmod(0o755)

    return write


REAL = f'exec {sys.executable} "$@"'


def test_no_python(make):
    run = make("env")
    assert run.returncode == 2
    assert "No Python 3.10, 3.11 or 3.12 runs here" in run.stderr
    assert "apt install python3" in run.stderr


def test_shims_that_fail_are_passed_over(make, python):
    python("python3", 'echo "pyenv: python3: command not found" >&2', "exit 127")
    python("python3.12", "exit 1")  # what the check of the version answers
    python("python3.11", 'echo "this one" >&2', REAL)
    run = make("env")
    assert (run.returncode, run.stderr) == (0, "this one\n")
    assert run.stdout.startswith("--torch||--mmcv||")


def test_environment_comes_first(make, python):
    python("python3", "exit 1")
    python(".venv/bin/python", REAL)
    assert make("env").returncode == 0


def test_pyenv_versions_without_shims_are_found(make, python):
    python(".pyenv/versions/3.11.7/bin/python", REAL)
    assert make("env").returncode == 0


def test_named_python_and_torch(make, python):
    python("python3", "exit 1")
    python("mine", REAL)
    run = make("env", "PYTHON=mine", "TORCH=torch==2.9.0 --index-url somewhere")
    assert run.stdout.startswith("--torch|torch==2.9.0 --index-url somewhere|--mmcv||")


def test_named_python_is_not_replaced_by_another(make, python):
    python("python3", REAL)
    run = make("env", "PYTHON=missing")
    assert run.returncode == 2
    assert "(tried: missing)" in run.stderr


def test_failed_set_up_stops_make(make, python):
    python("python3", '[ "$1" = -c ]')  # passes the check of the version, fails as the set-up
    run = make("test")
    assert run.returncode == 2
    assert "pytest" not in run.stdout


def test_help_is_what_make_says_alone(make):
    assert "make demo" in make().stdout
