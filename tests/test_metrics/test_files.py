"""Reading and writing of the COCO panoptic format."""

import json
import math

import numpy as np
import pytest
from PIL import Image

from mmhps.metrics.files import PanopticFiles, write_prediction
from mmhps.structures import Segment
from mmhps.structures.id_files import read_rgb_ids

ANNOTATION = {"image_id": "a", "file_name": "a.png", "segments_info": []}


def write(folder, content):
    (folder / "name").mkdir()
    Image.new("RGB", (2, 2)).save(folder / "name" / "a.png")
    path = folder / "name.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_folder_beside_the_file_by_default(tmp_path):
    path = write(tmp_path, {"annotations": [ANNOTATION]})
    files = PanopticFiles.read(path)
    assert files.png("a") == tmp_path / "name" / "a.png"
    assert (files.images, files.categories) == ([], [])
    assert files.segments("a", {}) == []


def test_segments_get_labels(tmp_path):
    listed = [
        {"id": 5, "category_id": 90},
        {"id": 6, "category_id": 7, "iscrowd": 1},
    ]
    path = write(tmp_path, {"annotations": [ANNOTATION | {"segments_info": listed}]})
    segments = PanopticFiles.read(path).segments("a", {7: 0, 90: 1})
    assert segments == [Segment(5, 1, False), Segment(6, 0, True)]


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        {},
        {"annotations": [{"image_id": "a"}]},
        {"annotations": [ANNOTATION | {"segments_info": [{"id": 1}]}]},
        {"annotations": [ANNOTATION], "categories": [{"id": 1, "name": "road"}]},
        {"annotations": [ANNOTATION], "images": [{}]},
    ],
)
def test_other_formats(content, tmp_path):
    path = write(tmp_path, content)
    with pytest.raises(ValueError, match=r"name\.json: not in COCO panoptic format .* Expected"):
        PanopticFiles.read(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(id="1"), "id '1' is not a whole number"),
        (dict(id=None), "id None is not a whole number"),
        (dict(category_id=[7]), r"category_id \[7\] is a list"),
        (dict(area="2"), "area '2' is a str"),
        (dict(area=-1), "area -1 is not a number of pixels"),
        (dict(area=math.nan), "area nan is not a number"),
        (dict(area=10**30), "area 10+ is not a number of pixels"),
    ],
)
def test_other_types(change, message, tmp_path):
    listed = [{"id": 1, "category_id": 7, "area": 2} | change]
    path = write(tmp_path, {"annotations": [ANNOTATION | {"segments_info": listed}]})
    with pytest.raises(ValueError, match=rf"name\.json: .*image_id 'a': {message}"):
        PanopticFiles.read(path)


@pytest.mark.parametrize("name", [5, None])
def test_file_name_of_another_type(name, tmp_path):
    path = write(tmp_path, {"annotations": [ANNOTATION | {"file_name": name}]})
    with pytest.raises(
        ValueError, match=rf"name\.json: .*image_id 'a': file_name {name} is .*text"
    ):
        PanopticFiles.read(path)


def test_missing_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no\.json: no such JSON file"):
        PanopticFiles.read(tmp_path / "no.json")
    path = write(tmp_path, {"annotations": [ANNOTATION, ANNOTATION]})
    with pytest.raises(FileNotFoundError, match=r"elsewhere: no such folder"):
        PanopticFiles.read(path, tmp_path / "elsewhere")
    with pytest.raises(ValueError, match=r"name\.json: an image_id has several annotations"):
        PanopticFiles.read(path)
    path.write_text(json.dumps({"annotations": [ANNOTATION | {"file_name": "b.png"}]}))
    with pytest.raises(FileNotFoundError, match=r"b\.png: no such file, but .*name\.json lists"):
        PanopticFiles.read(path)


def test_write_prediction(tmp_path):
    ids = np.array([[7, 2005], [3, 2005]], dtype=np.int32)
    segments = [Segment(7, 1, False), Segment(2005, 0, False)]
    annotation = write_prediction(tmp_path / "run" / "val", 12, ids, segments, (24, 300))
    assert annotation == {
        "image_id": 12,
        "file_name": "12.png",
        "segments_info": [{"id": 1, "category_id": 300}, {"id": 2, "category_id": 24}],
    }
    assert read_rgb_ids(tmp_path / "run" / "val" / "12.png").tolist() == [[1, 2], [0, 2]]


def test_write_more_than_255_segments(tmp_path):
    ids = np.arange(600, dtype=np.int64).reshape(20, 30)
    segments = [Segment(i, 0, False) for i in range(600)]
    write_prediction(tmp_path / "p", "x", ids, segments, (1,))
    assert (read_rgb_ids(tmp_path / "p" / "x.png") == ids + 1).all()
