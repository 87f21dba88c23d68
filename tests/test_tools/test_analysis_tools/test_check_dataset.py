"""All faults of a data set are reported at once, and its contents are counted."""

import os

import numpy as np
import pytest
from PIL import Image

CONFIG = """
default_scope = "mmdet"
loader = dict(dataset=dict(
    type="CityscapesPanopticDataset", data_root={root!r}, filter_cfg=dict(max_instances=1),
    metainfo=dict(classes=("person", "car", "road")), data_prefix=dict(img="images", seg="labels"),
    pipeline=[dict(type="LoadImageFromFile", imdecode_backend="pillow"),
              dict(type="LoadPanopticIds"), dict(type="PanopticIdsToInstances"),
              dict(type="PackPanopticInputs")]))
train_dataloader = loader
val_dataloader = dict(dataset=dict(loader["dataset"], test_mode=True, pipeline=[
    dict(type="LoadImageFromFile", imdecode_backend="pillow"), dict(type="PackPanopticInputs")]))
"""
MAPS = dict(
    a=[[7, 7, 26001], [24, 26, 0]],  # road, car, a crowd of each kind of thing, void
    b=[[7, 26001, 26002], [7, 11, 11]],  # road, two cars, building: none of the classes
    c=[[7, 7, 7], [7, 7, 7]],
)
RARE = (
    "warning: fewer than 10 segments of person (0), car (3), road (3). Leave such classes out, or "
    "do not trust their PQ."
)
SMALL = (
    "warning: 3 of 3 instances are below 20 pixels, before any resizing. "
    "PanopticIdsToInstances(min_area=...) ignores what is too small to learn."
)
SAME, OTHER = "warning: 3 images are in", dict(train="val", val="train")
FIRST = "e.g. {}/images/a_leftImg8bit.png. Their scores say nothing of other images."


@pytest.fixture
def config(tmp_path):
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
    for name, ids in MAPS.items():
        ids = np.array(ids, np.uint16)
        Image.fromarray(ids).save(tmp_path / f"labels/{name}_gtFine_instanceIds.png")
        image = Image.new("RGB", ids.shape[::-1])
        image.save(tmp_path / f"images/{name}_leftImg8bit.png")
    path = tmp_path / "config.py"
    path.write_text(CONFIG.format(root=str(tmp_path)))
    return path


@pytest.mark.parametrize("split", ["train", "val"])
def test_contents(command, config, tmp_path, capsys, split):
    command.main([str(config), "--split", split])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines] == [
        ["class", "segments", "crowds", "images", "pixels", "share"],
        ["person", "0", "1", "1", "1", "5.56%"],
        ["car", "3", "1", "2", "4", "22.22%"],
        ["road", "3", "0", "3", "10", "55.56%"],
        ["void", "2", "3", "16.67%"],
        RARE.split(),
        SMALL.split(),
        "2 of 3 images have at most 1 instances.".split(),
        [*SAME.split(), split, "and", "in", OTHER[split] + ",", *FIRST.format(tmp_path).split()],
        "No faults found.".split(),
    ]


@pytest.mark.parametrize("split", ["train", "val"])
def test_all_faults(command, config, tmp_path, capsys, split):
    for name in "defgh":
        for path in tmp_path.glob("*/c_*"):
            path.with_name(path.name.replace("c_", f"{name}_", 1)).write_bytes(path.read_bytes())
    (tmp_path / "labels/d_gtFine_instanceIds.png").unlink()
    (tmp_path / "images/e_leftImg8bit.png").write_bytes(b"")
    Image.fromarray(np.array([[7003]], np.uint16)).save(
        tmp_path / "labels/f_gtFine_instanceIds.png"
    )
    Image.fromarray(np.array([[7]], np.uint16)).save(tmp_path / "labels/g_gtFine_instanceIds.png")
    label = tmp_path / "labels/h_gtFine_instanceIds.png"
    label.write_bytes(label.read_bytes()[:40])
    with pytest.raises(SystemExit, match="error: 5 images have faults") as status:
        command.main([str(config), "--split", split])
    assert status.value.code not in (0, None)
    out = capsys.readouterr().out
    faults = [line for line in out.splitlines() if line.startswith("fault: ")]
    for fault, words in zip(
        faults,
        [
            "labels/d_gtFine_instanceIds.png: label map not found. Check",
            "images/e_leftImg8bit.png: cannot be read (UnidentifiedImageError",
            "labels/f_gtFine_instanceIds.png: id 7003 is neither a Cityscapes label",
            "labels/g_gtFine_instanceIds.png: the label map is 1x1 pixels but its image",
            "labels/h_gtFine_instanceIds.png: cannot be read as an image",
        ],
        strict=True,
    ):
        assert words in fault
    assert "2 of 3 images have at most 1 instances." in out  # a, c; not b


def test_without_ground_truth(command, config, capsys):
    config.write_text(config.read_text().replace('seg="labels"', "seg=None"))
    command.main([str(config), "--split", "val"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(SAME) and lines[1:] == ["No faults found."]


def test_fault_of_a_file_whose_name_is_no_text(command, config, tmp_path, capsys):
    for folder, end in (("images", "leftImg8bit"), ("labels", "gtFine_instanceIds")):
        (tmp_path / folder / f"c_{end}.png").rename(
            tmp_path / folder / os.fsdecode(b"\xfc_%s.png" % end.encode())
        )
    (tmp_path / "images" / os.fsdecode(b"\xfc_leftImg8bit.png")).write_bytes(b"")
    with pytest.raises(SystemExit, match="1 images have faults"):
        command.main([str(config)])
    assert "images/\\udcfc_leftImg8bit.png: cannot be read" in capsys.readouterr().out


def test_nothing_to_inspect(command, config, tmp_path):
    for path in (tmp_path / "images").iterdir():
        path.unlink()
    with pytest.raises(SystemExit, match=r"error: .*images: no image \*_leftImg8bit\.png"):
        command.main([str(config)])


def test_no_data_set_of_ours(command, config):
    with pytest.raises(SystemExit, match=r"config\.py: test_dataloader has no data set of mmhps"):
        command.main([str(config), "--split", "test"])


def change(config, old, new):
    text = config.read_text()
    assert old in text
    config.write_text(text.replace(old, new, 1))


def test_other_images_in_val(command, config, tmp_path, capsys):
    (tmp_path / "others").mkdir()
    Image.new("RGB", (9, 9)).save(tmp_path / "others/a_leftImg8bit.png")
    change(config, "test_mode=True", 'test_mode=True, data_prefix=dict(img="others", seg=None)')
    command.main([str(config)])
    assert SAME not in capsys.readouterr().out


OWN = """
import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from PIL import Image

@TRANSFORMS.register_module(force=True)
class Turn(BaseTransform):
    moves_image = False  # which is not true
    def transform(self, results):
        results["img"] = results["img"][::-1, ::-1].copy()
        return results

@TRANSFORMS.register_module(force=True)
class LoadRed(BaseTransform):
    def transform(self, results):
        width, height = Image.open(results["img_path"]).size
        results["img"] = np.full((height, width, 3), (0, 0, 255), np.uint8)
        results["img_shape"] = results["ori_shape"] = (height, width)
        return results
"""


@pytest.fixture
def own_transforms(tmp_path, monkeypatch):
    (tmp_path / "own_transforms.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    __import__("own_transforms")


@pytest.mark.usefixtures("own_transforms")
@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            'dict(type="PanopticIdsToInstances")',
            'dict(type="PanopticIdsToInstances"), dict(type="Turn")',
            "the pipeline moves the image but not its label map",
        ),
        (
            'dict(type="LoadImageFromFile", imdecode_backend="pillow")',
            'dict(type="LoadRed")',
            "the pipeline reads this image ((64, 96, 3)) otherwise than the inferencer",
        ),
    ],
)
def test_pipeline_that_is_wrong(command, config, tmp_path, capsys, old, new, words):
    for path in tmp_path.glob("*/*.png"):  # larger, for pictures of labels
        with Image.open(path) as image:
            image.load()
        image.resize((96, 64), Image.Resampling.NEAREST).save(path)
    change(config, old, new)
    with pytest.raises(SystemExit, match="images have faults"):
        command.main([str(config)])
    assert words in capsys.readouterr().out


class TestReaders:
    """16 bits are read in one way, or refused."""

    def test_deep_grey_images(self, command, config, tmp_path, capsys):
        grey = np.linspace(0, 65535, 6).reshape(2, 3).astype(np.uint16)
        Image.fromarray(grey).save(tmp_path / "images/a_leftImg8bit.png")
        command.main([str(config)])
        assert "No faults found." in capsys.readouterr().out
