"""The notebook runs from the top, and shows what its text says."""

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CELLS = [
    cell
    for cell in json.loads((ROOT / "demo/tutorial.ipynb").read_text(encoding="utf-8"))["cells"]
    if cell["cell_type"] == "code" and "install" not in cell["metadata"].get("tags", [])
]


def shell(command):
    """What ``!command`` does."""
    environment = dict(os.environ, PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    run = subprocess.run(command, shell=True, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def run(source, names):
    """Run a cell: what it prints or, after a colon, the type of the value that it ends with."""
    code, _, command = source.partition("!python")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        *lines, last = code.rstrip().splitlines() or [""]
        try:
            ends = compile(last, "last line", "eval")
        except SyntaxError:
            ends, lines = None, [*lines, last]
        exec("\n".join(lines), names)
        value = eval(ends, names) if ends else None
    said = shell("python" + command.replace("\\\n", " ")) if command else ""
    return printed.getvalue() + said + (f":{type(value).__name__}" if value is not None else "")


def test_notebook_is_committed_without_output():
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in CELLS)


@pytest.mark.slow
def test_from_the_top(tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime", reason="needs the extra runtime")
    # A clone, in which the notebook may write.
    for name in ("configs", "checkpoints", "tools", "mmhps", "model-index.yml"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "demo").mkdir()
    monkeypatch.chdir(tmp_path / "demo")
    monkeypatch.setenv("MINI_CITYSCAPES_ROOT", "")  # the notebook sets it
    names = {}
    clone, predict, look, draw, score, train, compare = (
        run("".join(cell["source"]), names) for cell in CELLS
    )
    assert clone == "" and Path.cwd() == tmp_path
    assert predict.endswith(":Image")
    assert look.startswith("(384, 768) int32\n") and "road" in look and "car" in look
    assert "160 images drawn" in draw
    assert "test: PQ" in score
    assert "val at iteration 50: PQ" in train
    assert (tmp_path / "work_dirs/tutorial/iter_50.pth").is_file()
    assert "as configured" in compare and "heuristic merge" in compare
