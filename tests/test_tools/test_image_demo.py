"""Pictures from the command line."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from mmhps.datasets.cityscapes_panoptic import cityscapes_metainfo
from mmhps.structures.id_formats import CITYSCAPES_CLASSES


@pytest.fixture
def model(tiny_config, build_model, tmp_path):
    """Config and checkpoint of an untrained network."""
    name = "mini/hps-isi_r18_mini.py"
    meta = dict(dataset_meta=cityscapes_metainfo(CITYSCAPES_CLASSES))
    torch.save(dict(state_dict=build_model(name).state_dict(), meta=meta), tmp_path / "tiny.pth")
    tiny_config(name).dump(tmp_path / "tiny.py")
    paths = ["--model", str(tmp_path / "tiny.py"), "--weights", str(tmp_path / "tiny.pth")]
    return [*paths, "--device", "cpu"]


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("a", "b"):
        Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(folder / f"{name}.jpg")
    return folder


def test_arguments(command, model, capsys):
    args = command.parse_args(["a.png", "b.png", "--out-dir", "out"])
    default = "hps-isi_lite0_streets"
    assert (args.inputs, args.model, args.weights) == (["a.png", "b.png"], default, None)
    assert (args.batch_size, args.device) == (1, None)
    args = command.parse_args(["a.png", *model, "--out-dir", "out"])
    assert (args.inputs, args.model, args.weights) == (["a.png"], model[1], model[3])


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--batch-size", "0"], "--batch-size must be at least 1, got 0"),
        (["--model", __file__], f"--weights is missing: the checkpoint of {__file__}"),
    ],
)
def test_arguments_that_make_no_sense(command, capsys, arguments, message):
    with pytest.raises(SystemExit):
        command.parse_args(["a.png", "--out-dir", "out", *arguments])
    assert message in capsys.readouterr().err


def test_shipped_model_needs_no_arguments(command, pictures, tmp_path, capsys):
    out = tmp_path / "out"
    command.main([str(pictures), "--out-dir", str(out), "--device", "cpu"])
    assert f"{out}: 2 pictures in" in capsys.readouterr().out
    assert [path.name for path in sorted((out / "panoptic").iterdir())] == ["a.png", "b.png"]


def test_folder(command, model, pictures, tmp_path, capsys):
    out = tmp_path / "out"
    command.main([str(pictures), *model, "--out-dir", str(out), "--batch-size", "2"])
    assert f"{out}: 2 pictures in overlays/, panoptic/ and panoptic.json" in capsys.readouterr().out
    assert sorted(path.name for path in out.glob("*/*")) == ["a.png", "a.png", "b.png", "b.png"]
    images = json.loads((out / "panoptic.json").read_text())["images"]
    assert [image["file_name"] for image in images] == ["a.jpg", "b.jpg"]


def test_unreadable_picture_ends_in_an_error(command, model, pictures, tmp_path, capsys):
    (pictures / "a.jpg").write_text("no picture")
    out = tmp_path / "out"
    with pytest.raises(SystemExit, match=r"error: 1 could not be read:\n.*a\.jpg: cannot be read"):
        command.main([str(pictures), *model, "--out-dir", str(out)])
    assert f"{out}: 1 picture in" in capsys.readouterr().out
    assert [path.name for path in (out / "overlays").iterdir()] == ["b.png"]


def test_wrong_paths_end_in_an_error(command, model, pictures, tmp_path):
    out = ["--out-dir", str(tmp_path / "out")]
    with pytest.raises(SystemExit, match=r"error: .*no\.png: there is no such file"):
        command.main([str(tmp_path / "no.png"), *model, *out])
    assert not (tmp_path / "out").exists()
    with pytest.raises(SystemExit, match=r"error: .*no\.pth: checkpoint not found"):
        command.main([str(pictures), *model[:2], "--weights", str(tmp_path / "no.pth"), *out])
