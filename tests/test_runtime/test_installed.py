"""The extra ``runtime`` in a new environment."""

import json
import subprocess
import venv
from pathlib import Path

import pytest

# One process, or each would make an environment.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("environment")]

EXAMPLES = Path(__file__).parents[2] / "mmhps" / "web" / "examples"
HEAVY = {
    "torch",
    "onedl-mmcv",
    "mmcv",
    "onedl-mmengine",
    "onedl-mmdetection",
    "scipy",
    "matplotlib",
}


def test_a_picture_without_torch(tmp_path, wheel):
    venv.create(tmp_path / "env", with_pip=True)
    programs = tmp_path / "env" / "bin"

    def run(*command):
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    run(programs / "pip", "install", "--quiet", f"{wheel}[runtime]")
    installed = {
        entry["name"] for entry in json.loads(run(programs / "pip", "list", "--format=json"))
    }
    assert {"mmhps", "numpy", "pillow", "onnxruntime"} <= installed and not installed & HEAVY
    said = run(programs / "mmhps", "predict", EXAMPLES, "--out-dir", "results")
    assert "results: 3 pictures in overlays/, panoptic/ and panoptic.json" in said
    assert len(list((tmp_path / "results" / "overlays").iterdir())) == 3
