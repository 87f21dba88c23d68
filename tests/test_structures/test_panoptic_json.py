"""One strict reading of COCO panoptic files, for the data set, the scorer and the checker."""

import codecs
import json

import numpy as np
import pytest
from PIL import Image

from mmhps.datasets import CocoPanopticIdDataset
from mmhps.metrics import PanopticFiles, score_files
from mmhps.structures.panoptic_json import list_segments, read_panoptic_json


@pytest.fixture
def content():
    """A cat (id 255) on grass (id 3); void beside them."""
    return dict(
        images=[dict(id=42, file_name="42.png", height=1, width=3)],
        annotations=[
            dict(
                image_id=42,
                file_name="42.png",
                segments_info=[
                    dict(id=255, category_id=17, iscrowd=0, area=1),
                    dict(id=3, category_id=193, iscrowd=0, area=1),
                ],
            )
        ],
        categories=[
            dict(id=17, name="cat", isthing=1),
            dict(id=193, name="grass", isthing=0),
        ],
    )


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a JSON file, given as bytes or not, beside its pictures."""

    def write(content):
        for folder in ("img", "panoptic"):
            (tmp_path / folder).mkdir(exist_ok=True)
        Image.new("RGB", (3, 1)).save(tmp_path / "img/42.png")
        ids = np.array([[[255, 0, 0], [3, 0, 0], [0, 0, 0]]], np.uint8)
        Image.fromarray(ids).save(tmp_path / "panoptic/42.png")
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        path = tmp_path / "panoptic.json"
        path.write_bytes(raw)
        return path

    return write


def read_as_dataset(path):
    return CocoPanopticIdDataset(
        ann_file=str(path), data_prefix=dict(img=str(path.parent / "img"), seg=str(path.parent))
    )


READERS = pytest.mark.parametrize("read", [read_as_dataset, PanopticFiles.read])


@READERS
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_byte_order_mark(read, mark, content, write):
    read(write(mark + json.dumps(content).encode()))


@READERS
def test_utf_16(read, content, write):
    read(write(json.dumps(content).encode("utf-16")))


@READERS
def test_truth_values_are_flags(read, content, write):
    for category in content["categories"]:
        category["isthing"] = bool(category["isthing"])
    found = read(write(content))
    if isinstance(found, PanopticFiles):
        assert score_files(found, found)["Things"]["n"] == 1
    else:
        assert found.metainfo["thing_classes"] == ("cat",)


def segment(content):
    return content["annotations"][0]["segments_info"][0]


@READERS
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda c: c["categories"][1].update(isthing="0"), r"isthing '0' is a str, not 0 or 1"),
        (lambda c: c["categories"][1].update(isthing=2), r"isthing 2 is not 0 or 1"),
        (lambda c: c["categories"][1].update(isthing=None), r"isthing None is a NoneType, not 0"),
        (lambda c: segment(c).update(iscrowd="0"), r"iscrowd '0' is a str, not 0 or 1"),
        (lambda c: segment(c).update(id="255"), r"id '255' is not a whole number"),
        (lambda c: segment(c).update(id=2.5), r"id 2.5 is not a whole number"),
        (lambda c: segment(c).update(id=True), r"id True is not a whole number"),
        (lambda c: segment(c).update(category_id="17"), r"category ids 17 and '17' differ in"),
        (lambda c: segment(c).update(category_id=None), r"category_id None is a NoneType"),
        (lambda c: c["annotations"][0].update(image_id="42"), r"image ids 42 and '42' differ in"),
        (lambda c: c["images"].append(dict(c["images"][0], id="42")), r"ids 42 and '42' differ"),
        (lambda c: c["images"][0].update(id=[42]), r"id \[42\] is a list"),
        (lambda c: c.update(images=dict()), r'"images" is a dict in place of a list'),
        (lambda c: c.update(categories=[7]), r'"categories" holds 7 in place of an object'),
        (lambda c: c["annotations"][0].update(segments_info=[7]), r"segments_info \[7\] is a list"),
        (lambda c: segment(c).pop("id"), r"'id'"),
    ],
)
def test_variations_are_refused_by_all_readers(read, spoil, message, content, write):
    spoil(content)
    with pytest.raises(ValueError, match=rf"panoptic\.json: .*{message}"):
        read(write(content))


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        ([dict(id=0, category_id=17)], r"segment ids \[0\], but ids must be in 1\.\.16777215"),
        (2 * [dict(id=7, category_id=17)], r"segment ids \[7\]"),
        ([dict(id=7, category_id=1)], r"category ids \[1\] that are not in \"categories\""),
    ],
)
def test_segments_that_cannot_be(listed, message):
    with pytest.raises(ValueError, match=f"has (the )?{message}"):
        list_segments(dict(image_id=1, segments_info=listed), {17: 0})


def test_no_segment():
    assert list_segments(dict(image_id=1, segments_info=[]), {}) == []


def test_prediction_needs_neither_images_nor_categories(content, write):
    path = write(dict(annotations=content["annotations"]))
    assert list(read_panoptic_json(path)) == ["annotations"]


def test_file_of_csCreatePanopticImgs_has_a_hint(content, write):
    content["images"][0]["file_name"] = "ulm_000000_000019_gtFine_leftImg8bit.png"
    with pytest.raises(ValueError, match=r"csCreatePanopticImgs.*Use CityscapesPanopticDataset"):
        read_as_dataset(write(content))
