"""The published weights reach the listed quality: on drawn images, and on KITTI where it is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmhps.apis.model_zoo import read_models, weights_file

ROOT = Path(__file__).parents[2]
SCORED = {
    name: model
    for name, model in read_models(ROOT).items()
    if "Results" in model and (ROOT / "checkpoints" / weights_file(model)).is_file()
}


def run(script, *arguments, **environment):
    command = [sys.executable, ROOT / "tools" / script, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    subprocess.run(command, check=True, cwd=ROOT, env=environment)


@pytest.fixture(scope="module")
def validation(tmp_path_factory):
    """All validation images of mini-Cityscapes, which do not depend on the training images."""
    out = tmp_path_factory.mktemp("data") / "mini_cityscapes"
    run("dataset_converters/mini_cityscapes.py", out, "--train", 0)
    return out


@pytest.mark.slow
@pytest.mark.parametrize("name", SCORED)
def test_published_weights_reach_the_listed_quality(name, request, tmp_path):
    model = SCORED[name]
    weights = ROOT / "checkpoints" / weights_file(model)
    config = ROOT / model["Config"]
    environment = {}
    if name.endswith("_mini"):
        environment = dict(MINI_CITYSCAPES_ROOT=str(request.getfixturevalue("validation")))
    elif not Path(os.environ.get("KITTI_ROOT", "data/kitti"), "leftImg8bit/val").is_dir():
        pytest.skip("KITTI's photos are not here: set KITTI_ROOT")
    run("test.py", config, weights, "--work-dir", tmp_path, **environment)
    (log,) = tmp_path.glob("*/*.json")
    scores = json.loads(log.read_text(encoding="utf-8"))
    listed = model["Results"][0]["Metrics"]
    assert {key: scores[f"cityscapes_panoptic/{key}"] for key in listed} == pytest.approx(
        listed, abs=0.1
    )


def test_three_models_are_shipped():
    mini = {"panoptic-fpn_r18_mini", "hps-isi_r18_mini"}
    assert SCORED.keys() == {*mini, "hps-isi_lite0_streets"}
