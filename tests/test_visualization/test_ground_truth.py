import numpy as np
import pytest
from PIL import Image

from mmhps.structures import Segment
from mmhps.visualization import read_ground_truth

CLASSES, THINGS = ("person", "car", "road"), ("person", "car")


def write(path, ids):
    Image.fromarray(np.array(ids, dtype=np.uint16)).save(path)
    return dict(seg_map_path=str(path), id_format="cityscapes", img_path="photo.png")


def test_all_void(tmp_path):
    info = write(tmp_path / "ids.png", [[0, 0]])
    assert read_ground_truth(info, CLASSES, THINGS).tolist() == [[255, 255]]


def test_cityscapes(tmp_path):
    # road 7, a group of cars 26, two cars, one person, sky 23 (not in the class list), void 0
    info = write(tmp_path / "ids.png", [[7, 26, 26000], [26001, 24000, 23], [0, 7, 26001]])
    # Instances count in the order of their ids: 24000, 26000, 26001.
    assert read_ground_truth(info, CLASSES, THINGS).tolist() == [
        [2, 1, 2001],
        [3001, 1000, 255],
        [255, 2, 3001],
    ]


def test_coco(tmp_path):
    rgb = np.array([[[1, 0, 0], [0, 1, 0], [0, 0, 0]]], dtype=np.uint8)
    Image.fromarray(rgb).save(tmp_path / "ids.png")
    segments = [Segment(1, 2, False), Segment(256, 0, False)]
    info = dict(seg_map_path=str(tmp_path / "ids.png"), id_format="coco", segments=segments)
    assert read_ground_truth(info, CLASSES, THINGS).tolist() == [[2, 1000, 255]]


@pytest.mark.parametrize("info", [{}, dict(seg_map_path=None)])
def test_without_labels(info):
    with pytest.raises(ValueError, match=r"no ground truth for photo\.png.*data_prefix"):
        read_ground_truth({**info, "img_path": "photo.png"}, CLASSES, THINGS)


def test_missing_file(tmp_path):
    info = dict(seg_map_path=str(tmp_path / "none.png"), id_format="cityscapes")
    with pytest.raises(FileNotFoundError, match="none.png"):
        read_ground_truth(info, CLASSES, THINGS)
