"""What the page does with an upload and for a download, without a browser."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

for name in ("gradio", "onnxruntime"):
    pytest.importorskip(name, reason="needs the extra web")

import gradio as gr  # noqa: E402

from mmhps.web.page import _Handlers, build_page  # noqa: E402

META = dict(
    classes=["car", "road"],
    thing_classes=["car"],
    label_ids=[26, 7],
    palette=[[0, 0, 142], [128, 64, 128]],
    config="none",
)


class Model:
    """Sees a car in the first column and road in the others."""

    meta = META

    def __call__(self, image):
        ids = np.full(image.shape[:2], 1, np.int32)
        ids[:, 0] = 1000
        scores = np.array([np.nan, 0.5], np.float32)
        return dict(panoptic_ids=ids, ids=np.array([1, 1000], np.int32), scores=scores)


@pytest.fixture
def handlers(tmp_path):
    return _Handlers(Model(), [np.zeros((2, 3, 3), np.uint8)], tmp_path / "downloads")


def test_an_upload_is_deleted(handlers, tmp_path):
    path = tmp_path / "street.png"
    Image.new("RGB", (4, 2)).save(path)
    photo, result, spot, _, picture, summary, *_ = handlers.on_photo(str(path), "overlay", 0.6)
    assert not path.exists()
    assert (photo, spot, result.image_id) == (None, None, "street")
    assert picture.shape == (2, 4, 3) and "Hidden: 1 instance" in summary


def test_no_picture_is_deleted_and_changes_nothing(handlers, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(gr, "Warning", lambda text, duration: said.append(text))
    (tmp_path / "x.jpg").write_text("no picture")
    photo, *others = handlers.on_photo(str(tmp_path / "x.jpg"), "overlay", 0)
    assert not (tmp_path / "x.jpg").exists()
    assert photo is None and others == [gr.skip()] * len(others) and len(said) == 1


def test_downloads_hold_what_is_shown_until_the_visitor_leaves(handlers):
    result = handlers.on_example("overlay", 0, SimpleNamespace(index=0))[0]
    request = SimpleNamespace(session_hash="abc")
    for min_score, areas in ((0, [4, 2]), (0.6, [4])):
        overlay, ids, text = handlers.files(result, min_score, request)
        assert len({path.rpartition("/")[2] for path in (overlay, ids, text)}) == 3
        (annotation,) = json.loads(open(text).read())["annotations"]
        assert [info["area"] for info in annotation["segments_info"]] == areas
        assert Image.open(ids).size == (3, 2) and Image.open(overlay).size >= (3, 2)
    handlers.forget(request)
    assert list(handlers.folder.iterdir()) == []


def test_a_row_stands_for_its_segment(handlers):
    result = handlers.on_example("overlay", 0, SimpleNamespace(index=0))[0]
    choose = [handlers.on_row(result, 0, SimpleNamespace(index=[row, 0])) for row in (0, 1)]
    assert choose == [(1, 0), (0, 0)]


def test_what_is_no_longer_kept(handlers, monkeypatch):
    said = []
    monkeypatch.setattr(gr, "Warning", lambda text, duration: said.append(text))
    assert handlers.show(None, "overlay", 0, None) == (gr.skip(),) * 5
    assert said == ["The photo is no longer kept. Drop it again."]


def test_the_page_is_built(handlers, tmp_path):
    assert isinstance(build_page(Model(), handlers.examples, tmp_path), gr.Blocks)
