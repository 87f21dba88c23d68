import json

import numpy as np
import pytest
from PIL import Image

from mmhps.metrics import PanopticFiles
from mmhps.metrics.confusion import (
    Confusion,
    confusion_of_files,
    pixel_confusion,
    row_shares,
    top_confusions,
)
from mmhps.metrics.matching import count_overlaps
from mmhps.structures import Segment

NAMES = ("person", "car", "road")


def test_nothing():
    empty = np.zeros((0, 0), int)
    counts = pixel_confusion(count_overlaps(empty, empty), [], [], 3)
    assert (counts == np.zeros((4, 4))).all()
    assert np.isnan(row_shares(counts)).all()
    assert top_confusions(counts, NAMES, 5) == []


@pytest.fixture
def counts():
    """Two persons (one a crowd), road, and unlisted ids, against a person, a car and road."""
    gt = [[1, 1, 2, 2, 9, 9, 9, 0]]
    pred = [[5, 6, 5, 0, 7, 7, 6, 6]]
    gt_segments = [Segment(1, 0, False), Segment(2, 0, True), Segment(9, 2, False)]
    pred_segments = [Segment(5, 0, False), Segment(6, 1, False), Segment(7, 2, False)]
    return pixel_confusion(count_overlaps(gt, pred), gt_segments, pred_segments, 3)


def test_pixels_of_each_pair(counts):
    expected = [
        [2, 1, 0, 1],  # person: both segments' first pixels right, one car, one void
        [0, 0, 0, 0],
        [0, 1, 2, 0],
        [0, 1, 0, 0],  # void of the ground truth
    ]
    assert counts.tolist() == expected


def test_shares_of_rows(counts):
    shares = row_shares(counts)
    assert shares[0].tolist() == [0.5, 0.25, 0.0, 0.25]
    assert np.isnan(shares[1]).all()
    assert shares[2] == pytest.approx([0, 1 / 3, 2 / 3, 0])


def test_largest_shares_first_without_true_void(counts):
    expected = [
        Confusion("road", "car", pytest.approx(1 / 3), 1),
        Confusion("person", "car", 0.25, 1),
        Confusion("person", "void", 0.25, 1),
    ]
    assert top_confusions(counts, NAMES, 9) == expected
    assert top_confusions(counts, NAMES, 1) == expected[:1]


@pytest.fixture
def files(tmp_path):
    """Two equal images of four pixels: road, road, car, void against road, car, car, car."""
    categories = [{"id": 7, "name": "road", "isthing": 0}, {"id": 26, "name": "car", "isthing": 1}]
    for name, ids in (("gt", [[1, 1, 2, 0]]), ("pred", [[1, 2, 2, 2]])):
        (tmp_path / name).mkdir()
        rgb = np.stack([ids, np.zeros_like(ids), np.zeros_like(ids)], axis=-1).astype(np.uint8)
        segments = [{"id": 1, "category_id": 7}, {"id": 2, "category_id": 26}]
        for stem in "ab":
            Image.fromarray(rgb).save(tmp_path / name / f"{stem}.png")
        content = {
            "categories": categories,
            "images": [{"id": stem} for stem in "ab"],
            "annotations": [
                {"image_id": stem, "file_name": f"{stem}.png", "segments_info": segments}
                for stem in "ab"
            ],
        }
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    return tmp_path


def test_files_are_added_up(files):
    gt, pred = (PanopticFiles.read(files / f"{name}.json") for name in ("gt", "pred"))
    assert confusion_of_files(gt, pred).tolist() == [[2, 2, 0], [0, 2, 0], [0, 2, 0]]


def test_size_is_checked_and_named(files):
    Image.new("RGB", (3, 1)).save(files / "pred" / "b.png")
    gt, pred = (PanopticFiles.read(files / f"{name}.json") for name in ("gt", "pred"))
    with pytest.raises(ValueError, match=r"pred/b\.png: height and width are \(1, 3\)"):
        confusion_of_files(gt, pred)
