"""The commands that make data sets: what they print, and their errors in one line."""

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="module")
def mini_cityscapes(load_tool):
    return load_tool("dataset_converters/mini_cityscapes.py")


def test_a_complete_data_set_is_left_alone(mini_cityscapes, tmp_path, capsys):
    arguments = [str(tmp_path), "--train", "1", "--val", "0", "--size", "96", "48"]
    mini_cityscapes.main([*arguments, "--workers", "1"])
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert "1 images drawn" in capsys.readouterr().out
    mini_cityscapes.main(arguments)
    assert "all 1 images are there" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_mini_cityscapes_reports_errors_in_one_line(mini_cityscapes, tmp_path):
    with pytest.raises(SystemExit, match="error: --seed must be at least 0, got -5"):
        mini_cityscapes.main([str(tmp_path), "--seed", "-5"])


def test_camvid(load_tool, tmp_path, capsys):
    camvid = load_tool("dataset_converters/camvid.py")
    for folder, pixels in (("val", np.zeros((4, 6, 3))), ("valannot", np.zeros((4, 6)))):
        (tmp_path / "release" / folder).mkdir(parents=True)
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "release" / folder / "a.png")
    camvid.main([str(tmp_path / "release"), str(tmp_path / "out"), "--splits", "val"])
    assert capsys.readouterr().out.endswith("1 val\n")
    with pytest.raises(SystemExit, match=r"error: .*train is missing.*--splits"):
        camvid.main([str(tmp_path / "release"), str(tmp_path / "other")])


def test_kitti(load_tool, tmp_path, capsys):
    kitti = load_tool("dataset_converters/kitti.py")
    for folder, pixels in (
        ("image_2", np.zeros((4, 6, 3), np.uint8)),
        ("instance", np.zeros((4, 6), np.uint16)),
    ):
        (tmp_path / "release/training" / folder).mkdir(parents=True)
        Image.fromarray(pixels).save(tmp_path / "release/training" / folder / "000131_10.png")
    kitti.main([str(tmp_path / "release"), str(tmp_path / "out")])
    assert capsys.readouterr().out.endswith("0 train, 1 val, 0 test\n")
    (photo,) = tmp_path.rglob("kitti_000131_000010_leftImg8bit.png")
    assert Image.open(photo).size == (640, 192)
    with pytest.raises(SystemExit, match=r"error: .*image_2 is missing"):
        kitti.main([str(tmp_path), str(tmp_path / "other")])
