from pathlib import Path

import mmcv
import numpy as np
import pytest
import torch
from PIL import Image

from mmhps.visualization import panoptic_overlay

CLASSES = ("person", "car", "road")


INFOS = [
    dict(img_id=name, img_path=f"{city}/{name}_leftImg8bit.png")
    for city, name in [("a", "a_1"), ("a", "a_2"), ("b", "b_1"), ("b", "b_2")]
]


@pytest.fixture(scope="module")
def command(load_tool):
    return load_tool("analysis_tools/compare_panoptic.py")


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


def test_chance_keeps_the_order_and_obeys_the_seed(command):
    chosen = command.select_images(INFOS, 3, None, seed=0)
    assert chosen == sorted(chosen) and len(set(chosen)) == 3
    assert chosen == command.select_images(INFOS, 3, None, seed=0)
    draws = {tuple(command.select_images(INFOS, 2, None, seed)) for seed in range(20)}
    assert len(draws) > 3
    assert command.select_images(INFOS, 4, None, seed=1) == [0, 1, 2, 3]


def test_configs_and_checkpoints_come_in_pairs(command, capsys):
    with pytest.raises(SystemExit):
        command.parse_args(["one.py", "1.pth", "two.py", "--out", "a.png"])
    assert "expected CONFIG CHECKPOINT pairs, got 3 names" in capsys.readouterr().err


@pytest.mark.parametrize("num", [0, 5])
def test_number_of_images(command, num):
    with pytest.raises(ValueError, match=rf"--num: expected 1\.\.4 \(all images\), got {num}"):
        command.select_images(INFOS, num, None, 0)


def test_images_by_name_in_the_given_order(command):
    stems = ["b_2", "a_1_leftImg8bit", "b_1_leftImg8bit.png"]
    assert command.select_images(INFOS, 4, stems, 0) == [3, 0, 2]


def test_unknown_and_ambiguous_names(command):
    with pytest.raises(ValueError, match="'c_1' is not in the test data set; .*'a_1'"):
        command.select_images(INFOS, 4, ["c_1"], 0)
    infos = [dict(img_id=k, img_path=f"{k}/same.png") for k in range(2)]
    with pytest.raises(ValueError, match="'same' occurs several times"):
        command.select_images(infos, 4, ["same"], 0)
    assert command.select_images(infos, 4, ["1"], 0) == [1]


def test_extremes_rank_by_gain(command):
    nan = float("nan")
    assert command.extremes([1.0, -4.0, nan, 9.0, 1.0, -2.0], 2) == [3, 0, 5, 1]
    for num in (0, 3):
        with pytest.raises(ValueError, match=rf"--extremes: expected 1\.\.2 .*got {num}"):
            command.extremes([1.0, -4.0, nan, 9.0, 1.0, nan, nan], num)


# The whole command, with a model that predicts one and the same label everywhere.


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
