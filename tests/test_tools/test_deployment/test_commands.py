"""The commands on the shipped models."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from exported import street
from PIL import Image

ROOT = Path(__file__).parents[3]
MODELS = {
    "hps-isi": "hps-isi_r18_mini-cd066714.pth",
    "panoptic-fpn": "panoptic-fpn_r18_mini-946fcf5a.pth",
}


@pytest.fixture
def photos(tmp_path):
    """A folder with pictures of several sizes, one of them 8000 pixels wide."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, size in enumerate([(128, 256), (1, 1), (97, 131), (375, 1242), (400, 8000)]):
        Image.fromarray(street(size, number)).save(folder / f"{number}.png")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("system", MODELS)
def test_shipped_model_is_exported_and_equal(system, photos, load_tool, tmp_path, capsys):
    for name in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(name, reason="needs the extra deploy")
    model = [
        str(ROOT / f"configs/mini/{system}_r18_mini.py"),
        str(ROOT / "checkpoints" / MODELS[system]),
    ]
    single, half, integer = (tmp_path / f"{name}.onnx" for name in ("fp32", "fp16", "int8"))
    export = load_tool("deployment/export_onnx.py").main
    export([*model, "--out", str(single), "--license", "MIT"])
    export([*model, "--out", str(half), "--precision", "fp16"])
    export([*model, "--out", str(integer), "--precision", "int8", "--calibration", str(photos)])
    files = [str(single), str(half), str(integer)]
    compare = load_tool("deployment/compare_onnx.py").main
    compare([*model, *files, "--images", str(photos), "--out", str(tmp_path / "x.json")])
    (result,) = json.loads((tmp_path / "x.json").read_text()).values()
    assert result["images"] == 5
    assert result["fp32.onnx"]["different_percent"] < 0.1
    assert result["fp32.onnx"]["images_with_other_instances"] == 0
    assert result["fp16.onnx"]["megabytes"] < 0.6 * result["fp32.onnx"]["megabytes"]
    assert result["int8.onnx"]["megabytes"] < result["fp16.onnx"]["megabytes"]
    assert f"| {system}_r18_mini | 5      | fp32.onnx" in capsys.readouterr().out

    from mmhps.runtime import OnnxModel

    meta = OnnxModel(single).meta
    assert len(meta["classes"]) == len(meta["palette"]) == len(meta["label_ids"]) == 19
    assert set(meta["thing_classes"]) < set(meta["classes"])
    assert meta["license"] == "MIT" and meta["precision"] == "fp32"
    digest = hashlib.sha256((ROOT / "checkpoints" / MODELS[system]).read_bytes()).hexdigest()
    assert meta["checkpoint_sha256"] == digest and meta["checkpoint"] == MODELS[system]
    assert meta["preprocessing"]["inside"]["scale"] == [256, 128]
    assert OnnxModel(integer)(np.zeros((5, 5, 3), np.uint8))["panoptic_ids"].shape == (5, 5)


@pytest.mark.slow
def test_the_weights_for_photos_are_exported_and_equal(photos, load_tool, tmp_path):
    for name in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(name, reason="needs the extra deploy")
    (weights,) = (ROOT / "checkpoints").glob("hps-isi_lite0_streets-*.pth")
    model = [str(ROOT / "configs/streets/hps-isi_lite0_streets.py"), str(weights)]
    single = str(tmp_path / "fp32.onnx")
    load_tool("deployment/export_onnx.py").main([*model, "--out", single])
    compare = load_tool("deployment/compare_onnx.py").main
    out = tmp_path / "x.json"
    # The last picture is enlarged 8 times, and with it what is undecided on a border.
    for images, number, limit in ((photos / "[0-3].png", 4, 0.1), (photos, 5, 0.2)):
        compare([*model, single, "--images", str(images), "--out", str(out), "--name", "x"])
        result = json.loads(out.read_text())["x"]
        assert result["images"] == number
        assert result["fp32.onnx"]["different_percent"] < limit
        assert result["fp32.onnx"]["images_with_other_instances"] == 0
