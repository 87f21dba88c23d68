from pathlib import Path

import mmcv
import numpy as np
import pytest
import torch
from PIL import Image

from mmhps.results import panoptic_overlay

CLASSES = ("person", "car", "road")


def test_arguments(command):
    args = command.parse_args(["x/one.py", "1.pth", "two.py", "2.pth", "--out", "a.png"])
    assert args.pairs == [("x/one.py", "1.pth"), ("two.py", "2.pth")]
    assert args.titles == ["one", "two"]
    assert (args.num, args.images, args.seed, args.scale) == (4, None, 0, 1.0)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--scale"], "--scale: expected one argument"),
        (["--titles", "a", "b"], "--titles: expected 1, one per model"),
        (["--scale", "0"], "--scale: expected a factor above 0, got 0.0"),
        (["--out", "folder/name"], "--out: expected the name of an image file"),
        (["--out", "name.txt"], "--out: expected the name of an image file"),
        (["--num", "2", "--images", "a"], "not allowed with argument"),
        (["--extremes", "2", "--images", "a"], "not allowed with argument"),
    ],
)
def test_wrong_arguments(command, capsys, extra, message):
    with pytest.raises(SystemExit):
        command.parse_args(["one.py", "1.pth", "--out", "a.png", *extra])
    assert message in capsys.readouterr().err


def test_configs_and_checkpoints_come_in_pairs(command, capsys):
    with pytest.raises(SystemExit):
        command.parse_args(["one.py", "1.pth", "two.py", "--out", "a.png"])
    assert "expected CONFIG CHECKPOINT pairs, got 3 names" in capsys.readouterr().err


def test_figure(command, pairs, tmp_path, capsys):
    out = tmp_path / "new" / "figure.png"
    command.main([*pairs, "--out", str(out), "--images", "two", "--scale", "2", "--device", "cpu"])
    figure = mmcv.imread(out, channel_order="rgb")
    # One row of 32 pixels under titles and over the legend; four columns of 400 and three gaps.
    assert figure.shape == (32 + 2 * 32, 4 * 400 + 3 * 4, 3)
    assert "figure.png: 1612x96 pixels, 1 images" in capsys.readouterr().out
    palette = [(220, 20, 60), (0, 0, 142), (128, 64, 128)]
    image = np.full((32, 400, 3), 90, np.uint8)
    truth = np.full((32, 400), 255)
    truth[:16] = 2
    assert (figure[32:64, :400] == image).all()
    for column, ids in enumerate([truth, np.full_like(truth, 1), np.full_like(truth, 1000)], 1):
        left = column * 404
        expected = panoptic_overlay(image, ids, palette)
        assert (figure[32:64, left : left + 400] == expected).all()


def test_extremes_of_two_models(command, pairs, tmp_path, capsys):
    """The first model takes everything for a car, the second for road, as half of it is."""
    torch.save(dict(state_dict=dict(label=torch.tensor(2.0))), pairs[3])
    out = tmp_path / "extremes.png"
    command.main([*pairs, "--out", str(out), "--extremes", "1", "--device", "cpu"])
    # The other half is void, which is left out: IoU 1.
    assert "one: PQ 0.0 → 100.0\ntwo: PQ 0.0 → 100.0" in capsys.readouterr().out
    assert out.is_file()


def test_extremes_of_one_model(command, pairs, tmp_path, capsys):
    """It takes everything for road; one image is road and void, of the other a quarter is car."""
    torch.save(dict(state_dict=dict(label=torch.tensor(2.0))), pairs[1])
    ids = np.full((16, 200), 7, np.uint16)
    ids[:4] = 26001
    Image.fromarray(ids).save(tmp_path / "labels" / "one_gtFine_instanceIds.png")
    out = tmp_path / "extremes.png"
    command.main([*pairs[:2], "--out", str(out), "--extremes", "1", "--device", "cpu"])
    # PQ of the other: 0.75 of road, none of car.
    assert "two: PQ 100.0\none: PQ 37.5" in capsys.readouterr().out
    assert out.is_file()


@pytest.fixture
def expect_error(command):
    """Return a function that runs the command and expects it to end with a message."""

    def expect(arguments, message):
        with pytest.raises(SystemExit) as stopped:
            command.main([*arguments, "--num", "1", "--device", "cpu"])
        assert message in str(stopped.value)
        assert str(stopped.value).startswith("error: ")

    return expect


def test_configs_of_different_classes(expect_error, pairs, tmp_path):
    config = Path(pairs[2])
    config.write_text(config.read_text().replace(str(CLASSES), str(("person", "road"))))
    expect_error(
        [*pairs, "--out", str(tmp_path / "a.png")], f"3 classes in {pairs[0]}, 2 in {pairs[2]}"
    )


def test_checkpoint_of_different_classes(expect_error, pairs, tmp_path):
    meta = dict(dataset_meta=dict(classes=("car", "person", "road")))
    torch.save(dict(state_dict=dict(label=torch.zeros(())), meta=meta), pairs[3])
    expect_error([*pairs, "--out", str(tmp_path / "a.png")], f"'car' in {pairs[3]}: labels would")


def test_missing_checkpoint(expect_error, pairs, tmp_path):
    Path(pairs[1]).unlink()
    expect_error([*pairs, "--out", str(tmp_path / "a.png")], "checkpoint not found")


def test_missing_labels(expect_error, pairs, tmp_path):
    options = ["--cfg-options", "test_dataloader.dataset.data_prefix.seg=None"]
    expect_error([*pairs, "--out", str(tmp_path / "a.png"), *options], "no ground truth")
