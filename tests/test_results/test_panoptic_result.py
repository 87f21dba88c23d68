"""One result gives ids, segments and pictures."""

import numpy as np
import pytest

from mmhps.results import PanopticResult, panoptic_overlay

META = dict(
    classes=("person", "car", "road"),
    thing_classes=("person", "car"),
    palette=[(220, 20, 60), (0, 0, 142), (128, 64, 128)],
    label_ids=(24, 26, 7),
)
IDS = np.array([[2, 1001, 1001], [2, 2, 2001], [3, 2, 3]])  # 3 is void


def test_nothing_but_void():
    result = PanopticResult.of_prediction(np.full((2, 3), 3), META)
    assert result.ids.tolist() == [[0, 0, 0]] * 2
    assert result.segments == []
    assert result.overlay(np.zeros((2, 3)), legend=False).shape == (2, 3, 3)


def test_ids_and_segments():
    result = PanopticResult.of_prediction(IDS, META, scores=[0.5])
    assert result.panoptic.tolist() == [[2, 1001, 1001], [2, 2, 2001], [255, 2, 255]]
    assert result.ids.tolist() == [[1, 2, 2], [1, 1, 3], [0, 1, 0]]
    road, first, second = result.segments
    assert road == dict(
        id=1, category_id=7, category="road", isthing=False, area=4, bbox=[0, 0, 2, 3]
    )
    assert first == dict(
        id=2, category_id=26, category="car", isthing=True, area=2, bbox=[1, 0, 2, 1], score=0.5
    )
    assert second["id"] == 3 and "score" not in second


def test_overlay_is_that_of_the_map():
    image = np.random.default_rng(0).integers(0, 255, (3, 3, 3), dtype=np.uint8)
    result = PanopticResult.of_prediction(IDS, META, image=image)
    expected = panoptic_overlay(image, result.panoptic, META["palette"])
    assert result.overlay(legend=False).tolist() == expected.tolist()
    assert result.overlay().shape[0] > 3
    assert result.overlay(255 - image, legend=False).tolist() != expected.tolist()


def test_overlay_without_an_image():
    with pytest.raises(ValueError, match="image: expected the image to draw over"):
        PanopticResult(IDS, META).overlay()


def test_unknown_label_names_the_image():
    with pytest.raises(ValueError, match=r"image 'x'.*\[4\]"):
        _ = PanopticResult(np.array([[4]]), META, image_id="x").segments


def test_resized():
    image = np.zeros((3, 3, 3), np.uint8)
    larger = PanopticResult.of_prediction(IDS, META, image=image, image_id="x").resized((6, 3))
    assert larger.ids.tolist() == np.repeat([[1, 2, 2], [1, 1, 3], [0, 1, 0]], 2, axis=0).tolist()
    assert larger.segments[1]["area"] == 4
    assert (larger.image.shape, larger.image_id) == ((6, 3, 3), "x")
