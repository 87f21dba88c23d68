"""The demo in small: everything that `make demo` does after the set-up."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def demo(folder, *arguments):
    command = [sys.executable, str(ROOT / "tools/demo.py"), *arguments]
    small = ["--iters", "4", "--train", "12", "--val", "6"]
    return subprocess.run(command + small, cwd=folder, capture_output=True, text=True, check=False)


def test_iterations_must_be_positive(tmp_path):
    command = [sys.executable, str(ROOT / "tools/demo.py"), "--iters", "0"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--iters must be at least 1, got 0" in done.stderr


@pytest.mark.slow
def test_demo_ends_with_table_and_picture_and_does_nothing_twice(tmp_path):
    first = demo(tmp_path)
    assert first.returncode == 0, first.stdout + first.stderr
    lines = first.stdout.strip().splitlines()
    assert lines[-1] == "picture: work_dirs/demo/figure4.png"
    assert (tmp_path / "work_dirs/demo/figure4.png").stat().st_size > 10_000
    assert [line.split("|")[1].strip() for line in lines[-5:-2]] == [
        "Panoptic FPN",
        "HPS + ISI",
        "HPS + ISI, heuristic merge",
    ]
    for stem in ("panoptic-fpn_r18_mini", "hps-isi_r18_mini"):
        result = json.loads((tmp_path / "work_dirs/demo" / stem / "result.json").read_text())
        assert 0 <= result["metrics"]["PQ"] <= 100
        assert ("heuristic" in result) == (stem == "hps-isi_r18_mini")
        assert result["seconds_per_step"] > 0

    again = demo(tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "training" not in again.stdout
    assert again.stdout.strip().splitlines()[-6:] == lines[-6:]

    other = demo(tmp_path, "--seed", "7")
    assert other.returncode == 1
    assert "another config or seed" in other.stderr
