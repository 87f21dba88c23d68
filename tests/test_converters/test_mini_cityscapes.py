"""Mini-Cityscapes: what is written, and what is refused to be overwritten."""

import json

import numpy as np
import PIL
import pytest
from cityscapesscripts.helpers.labels import name2label
from cityscapesscripts.preparation.json2instanceImg import json2instanceImg
from PIL import Image

from mmhps.converters import mini_cityscapes

SIZE = (96, 48)


def make(out, train=2, val=1, size=SIZE, seed=0, workers=1):
    return mini_cityscapes.generate(out, {"train": train, "val": val}, size, seed, workers)


def contents(root):
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_no_images_leave_only_the_record(tmp_path):
    assert make(tmp_path / "mini", train=0, val=0) == 0
    assert list(contents(tmp_path / "mini")) == ["dataset.json"]


def test_layout_and_formats_are_the_official_ones(tmp_path):
    make(tmp_path, train=1, val=0)
    labels, stem = "gtFine/train/aarbruck/", "aarbruck_000000_000019"
    assert set(contents(tmp_path)) == {
        "dataset.json",
        f"leftImg8bit/train/aarbruck/{stem}_leftImg8bit.png",
        f"{labels}{stem}_gtFine_polygons.json",
        f"{labels}{stem}_gtFine_instanceIds.png",
        f"{labels}{stem}_gtFine_labelIds.png",
    }
    polygons = json.loads((tmp_path / f"{labels}{stem}_gtFine_polygons.json").read_text())
    assert set(polygons) == {"imgHeight", "imgWidth", "objects"}
    assert (polygons["imgWidth"], polygons["imgHeight"]) == SIZE
    for item in polygons["objects"]:
        assert item["label"].removesuffix("group") in name2label
        corners = np.array(item["polygon"])
        assert corners.dtype.kind == "i" and corners.min() >= 0
        assert (corners.max(axis=0) < SIZE).all()
    instances = Image.open(tmp_path / f"{labels}{stem}_gtFine_instanceIds.png")
    label_ids = np.array(Image.open(tmp_path / f"{labels}{stem}_gtFine_labelIds.png"))
    assert instances.mode == "I;16" and label_ids.dtype == np.uint8
    ids = np.array(instances).astype(int)
    np.testing.assert_array_equal(np.where(ids < 1000, ids, ids // 1000), label_ids)


@pytest.mark.skipif(
    int(PIL.__version__.split(".")[0]) >= 13, reason="cityscapesscripts cannot write its PNG"
)
@pytest.mark.filterwarnings("ignore:.*mode.*:DeprecationWarning")
def test_instance_ids_are_those_of_cityscapesscripts(tmp_path):
    make(tmp_path, train=1, val=0)
    source = next(tmp_path.rglob("*_polygons.json"))
    json2instanceImg(str(source), str(tmp_path / "theirs.png"))
    ours = source.with_name(source.name.replace("polygons.json", "instanceIds.png"))
    np.testing.assert_array_equal(
        np.array(Image.open(tmp_path / "theirs.png")).astype(int),
        np.array(Image.open(ours)).astype(int),
    )


def test_bytes_do_not_depend_on_workers_or_counts(tmp_path):
    make(tmp_path / "a", train=2, val=1, workers=1)
    make(tmp_path / "b", train=3, val=2, workers=2)
    few, many = contents(tmp_path / "a"), contents(tmp_path / "b")
    assert len(few) == 1 + 4 * 3
    for name in few.keys() - {"dataset.json"}:
        assert few[name] == many[name], name


def test_another_seed_draws_other_pictures(tmp_path):
    make(tmp_path / "a", train=1, val=0, seed=0)
    make(tmp_path / "b", train=1, val=0, seed=1)
    name = "leftImg8bit/train/aarbruck/aarbruck_000000_000019_leftImg8bit.png"
    assert contents(tmp_path / "a")[name] != contents(tmp_path / "b")[name]


def test_an_interrupted_run_is_completed_with_the_same_bytes(tmp_path):
    make(tmp_path)
    whole = contents(tmp_path)
    next(tmp_path.rglob("*_instanceIds.png")).unlink()
    next(tmp_path.rglob("val/*/*_leftImg8bit.png")).unlink()
    assert make(tmp_path) == 2
    assert contents(tmp_path) == whole


def test_a_differing_data_set_is_refused_with_the_difference(tmp_path):
    make(tmp_path, train=1, val=0)
    before = contents(tmp_path)
    with pytest.raises(FileExistsError, match=r"seed: 0 there, 3 wanted.*Choose another folder"):
        make(tmp_path, train=1, val=0, seed=3)
    with pytest.raises(FileExistsError, match="train: 1 there, 2 wanted"):
        make(tmp_path, train=2, val=0)
    assert contents(tmp_path) == before


def test_a_strange_folder_is_refused(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(FileExistsError, match=r"holds no dataset\.json"):
        make(tmp_path)
    with pytest.raises(FileExistsError, match="no empty folder"):
        make(tmp_path / "thesis.tex")


def test_a_broken_record_is_named(tmp_path):
    (tmp_path / "dataset.json").write_text('{"seed": ')
    with pytest.raises(FileExistsError, match=r"dataset\.json is broken"):
        make(tmp_path)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"size": (63, 48)}, r"--size must be at least \(64, 32\), got \(63, 48\)"),
        ({"size": (96, 31)}, r"got \(96, 31\)"),
        ({"seed": -1}, "--seed must be at least 0, got -1"),
        ({"workers": 0}, "--workers must be at least 1, got 0"),
        ({"val": -2}, "--val must be at least 0, got -2"),
    ],
)
def test_arguments_out_of_range(tmp_path, argument, message):
    with pytest.raises(ValueError, match=message):
        make(tmp_path / "mini", **argument)
    assert not (tmp_path / "mini").exists()
