import json

import numpy as np
import pytest
from PIL import Image

from mmhps.results import Skipped
from mmhps.runtime import PanopticInferencer
from mmhps.runtime.onnx_inferencer import segmented
from mmhps.runtime.shipped import shipped_onnx, zoo_root

META = dict(classes=("car", "road"), thing_classes=("car",), label_ids=(26, 7))


def outputs(panoptic, ids, scores):
    panoptic = np.array(panoptic, np.int32)
    return dict(panoptic_ids=panoptic, ids=np.array(ids), scores=np.array(scores, np.float32))


def test_no_segments():
    image = np.zeros((1, 2, 3), np.uint8)
    result = segmented(lambda _: outputs([[2, 2]], [], []), META, image)
    assert result.segments == [] and result.ids.tolist() == [[0, 0]]


def test_scores_are_those_of_the_numbers():
    """Instance 1 has no pixel left, so the graph does not list it."""
    image = np.zeros((1, 3, 3), np.uint8)
    found = outputs([[1, 3000, 2000]], [1, 2000, 3000], [np.nan, 0.25, 0.5])
    segments = segmented(lambda _: found, META, image).segments
    assert [(info["category"], info.get("score")) for info in segments] == [
        ("road", None),
        ("car", 0.25),
        ("car", 0.5),
    ]


@pytest.fixture(scope="module")
def inferencer():
    pytest.importorskip("onnxruntime", reason="needs the extra runtime")
    return PanopticInferencer(threads=1, show_progress=False)


def test_the_shipped_file_is_of_the_shipped_checkpoint(inferencer):
    (checkpoint,) = (zoo_root() / "checkpoints").glob("hps-isi_lite0_streets-*.pth")
    assert inferencer.meta["checkpoint"] == checkpoint.name
    assert inferencer.meta["checkpoint_sha256"][:8] == checkpoint.stem.rpartition("-")[2]
    assert inferencer.meta["license"].startswith("CC-BY-NC-SA")
    assert shipped_onnx().stat().st_size < 15e6


def test_predictions_in_memory_and_in_files(inferencer, tmp_path):
    pictures = [np.full((40, 120, 3), value, np.uint8) for value in (0, 90)]
    (tmp_path / "broken.png").touch()
    found = inferencer([*pictures, tmp_path / "broken.png"], out_dir=tmp_path / "out")
    assert [result.ids.shape for result in found["predictions"]] == [(40, 120)] * 2
    assert list(found["skipped"]) == [str(tmp_path / "broken.png")]
    content = json.loads((tmp_path / "out" / "panoptic.json").read_text())
    assert [image["id"] for image in content["images"]] == ["000000", "000001"]
    for result in found["predictions"]:
        with Image.open(tmp_path / "out" / "panoptic" / f"{result.image_id}.png") as ids:
            # COCO's ids: red + 256 green + 65536 blue
            assert (np.asarray(ids) @ [1, 256, 65536] == result.ids).all()


def test_stream_goes_on_after_a_broken_picture(inferencer, tmp_path):
    (tmp_path / "broken.png").touch()
    stream = inferencer.stream([tmp_path / "broken.png", np.zeros((9, 9, 3), np.uint8)])
    skipped, result = stream
    assert isinstance(skipped, Skipped) and result.ids.shape == (9, 9)


def test_tensors_and_arrays_are_the_same_picture(inferencer):
    torch = pytest.importorskip("torch")
    array = np.random.default_rng(0).integers(0, 256, (64, 192, 3), dtype=np.uint8)
    tensor = torch.from_numpy(array[..., ::-1].copy()).permute(2, 0, 1)
    one, other = inferencer([array, tensor])["predictions"]
    assert (one.image == other.image).all() and (one.ids == other.ids).all()


def test_no_picture_at_all(inferencer, tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing.jpg: there is no such file"):
        inferencer(tmp_path / "nothing.jpg")


def test_a_batch_of_none(inferencer):
    with pytest.raises(ValueError, match="batch_size: expected at least 1, got 0"):
        inferencer([], batch_size=0)
