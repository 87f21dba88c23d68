import pytest

onnxruntime = pytest.importorskip("onnxruntime", reason="needs the extra deploy")
onnx = pytest.importorskip("onnx", reason="needs the extra deploy")

import numpy as np  # noqa: E402

from mmhps.runtime import OnnxModel  # noqa: E402


def write_model(path, **texts):
    """A file with one input and one output, which are the same."""
    helper = onnx.helper
    value = [
        helper.make_tensor_value_info(name, onnx.TensorProto.UINT8, ["h", "w", 3])
        for name in ("image", "panoptic_ids")
    ]
    node = helper.make_node("Identity", ["image"], ["panoptic_ids"])
    graph = helper.make_graph([node], "same", value[:1], value[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    for key, text in texts.items():
        model.metadata_props.add(key=key, value=text)
    onnx.save(model, path)
    return path


def test_runs_and_reads_what_the_file_says(tmp_path):
    path = write_model(tmp_path / "x.onnx", classes='["car", "road"]', license="Apache-2.0")
    model = OnnxModel(path, threads=1)
    assert model.meta == dict(classes=["car", "road"], license="Apache-2.0")
    image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    assert (model(image[:, ::-1])["panoptic_ids"] == image[:, ::-1]).all()


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="no.onnx: there is no such file"):
        OnnxModel(tmp_path / "no.onnx")


def test_a_file_that_is_no_model(tmp_path):
    (tmp_path / "x.onnx").write_text("none")
    with pytest.raises(ValueError, match="x.onnx: cannot be loaded as an ONNX file"):
        OnnxModel(tmp_path / "x.onnx")


def test_a_file_without_classes(tmp_path):
    with pytest.raises(ValueError, match="expected a model that tools/deployment/export_onnx.py"):
        OnnxModel(write_model(tmp_path / "x.onnx"))


@pytest.mark.parametrize(
    "image", [np.zeros((4, 4)), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), "u1")]
)
def test_no_image(image, tmp_path):
    model = OnnxModel(write_model(tmp_path / "x.onnx", classes="[]"))
    with pytest.raises(ValueError, match=r"image: expected \(H, W, 3\) uint8 RGB, got"):
        model(image)
