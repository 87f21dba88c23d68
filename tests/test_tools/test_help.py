"""Every script starts in a process of its own, in which nothing has been imported before."""

import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools"
SCRIPTS = sorted(
    path for path in TOOLS.rglob("*.py") if "__main__" in path.read_text(encoding="utf-8")
)


@pytest.mark.slow
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(TOOLS).as_posix())
def test_help(path):
    run = subprocess.run([sys.executable, path, "--help"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("usage: ")
