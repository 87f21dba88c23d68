"""Networks as graphs: they predict what PyTorch does, for images of any size."""

import numpy as np
import pytest
import torch
from exported import SYSTEMS, exportable, street
from mmengine.config import Config

from mmhps.deployment.export import _check_equal, _use_constants, export_onnx, require, traced
from mmhps.deployment.segments import OUTPUTS

REASON = "needs the extra deploy"
LARGE_MASKS = dict(panoptic_fusion_head=dict(mask_scale=100.0))
CASES = {name: (f"mini/{name}_r18_mini.py", {}) for name in SYSTEMS}
CASES |= {
    "literal": ("mini/hps-literal_r18_mini.py", LARGE_MASKS),
    "efficientps": ("ablations/fusion-efficientps.py", LARGE_MASKS),
    "imp": ("ablations/hps-imp.py", {}),
    "unsure": ("mini/hps_r18_mini.py", dict(test_cfg=dict(panoptic=dict(stuff_score_thr=0.06)))),
    "no instance": ("mini/hps-isi_r18_mini.py", dict(test_cfg=dict(rcnn=dict(score_thr=1.0)))),
    "no proposal": (
        "mini/hps-isi_r18_mini.py",
        dict(test_cfg=dict(rpn=dict(min_bbox_size=1000))),
    ),
    "100 instances": (
        "mini/hps-isi_r18_mini.py",
        dict(
            test_cfg=dict(
                rpn=dict(max_per_img=200, nms_pre=200, nms=dict(iou_threshold=1.0)),
                rcnn=dict(max_per_img=100, nms=dict(iou_threshold=0.95)),
            )
        ),
    ),
}
SIZES = [(64, 96), (37, 53), (1, 1), (150, 90)]


def test_a_missing_package_is_named():
    with pytest.raises(ModuleNotFoundError, match=r"no_such_package is missing.*\.\[deploy\]"):
        require("json", "no_such_package")


@pytest.mark.parametrize("arguments", [("fp8", None), ("int8", None), ("fp16", "photos")])
def test_precision_and_calibration_belong_together(arguments, tmp_path):
    with pytest.raises(ValueError, match="precision: expected one of fp32, fp16, int8, and cal"):
        export_onnx(Config(), "x.pth", tmp_path / "x.onnx", "MIT", *arguments)


@pytest.fixture
def same():
    """A graph that says of each pixel what it is, and one number for each column."""
    onnx = pytest.importorskip("onnx", reason=REASON)
    pytest.importorskip("onnxruntime", reason=REASON)
    helper, numbers = onnx.helper, onnx.TensorProto.UINT8
    image = helper.make_tensor_value_info("image", numbers, ["h", "w", 3])
    outputs = [helper.make_tensor_value_info(name, numbers, None) for name in OUTPUTS]
    nodes = [helper.make_node("Identity", ["image"], [name]) for name in OUTPUTS]
    graph = helper.make_graph(nodes, "same", [image], outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def test_a_graph_that_differs_from_the_network_is_refused(same):
    image = np.zeros((10, 20, 3), np.uint8)
    expected = [image.copy() for _ in OUTPUTS]
    expected[0][0, 0] = 1  # 3 of 600
    _check_equal(same, image, expected)
    expected[0][0, :4] = 1  # 12 of 600
    with pytest.raises(ValueError, match="otherwise as a graph.*2% of the pixels differ"):
        _check_equal(same, image, expected)
    expected[0] = image
    expected[1] = image[:8]
    with pytest.raises(ValueError, match="0% of the pixels differ; 10 segments, not 8"):
        _check_equal(same, image, expected)


def test_a_graph_that_fails_on_another_size_is_refused(same):
    same.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 75
    image = np.zeros((10, 20, 3), np.uint8)
    with pytest.raises(ValueError, match=r"(?s)otherwise as a graph.*Expected: 75"):
        _check_equal(same, image, [image] * len(OUTPUTS))


def test_equal_weights_are_read_by_their_layers():
    onnx = pytest.importorskip("onnx", reason=REASON)
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [
            helper.make_node("Identity", ["weight"], ["same"]),
            helper.make_node("Identity", ["image"], ["copy"]),
            helper.make_node("Mul", ["copy", "same"], ["result"]),
        ],
        "same",
        [helper.make_tensor_value_info("image", floats, [1])],
        [helper.make_tensor_value_info("result", floats, [1])],
        [helper.make_tensor("weight", floats, [1], [2.0])],
    )
    _use_constants(graph)
    assert [list(node.input) for node in graph.node] == [["image"], ["copy", "weight"]]


def computed_weights(graph):
    """Layers whose weights are no constants: runtimes cannot lay them out in advance."""
    known = {tensor.name for tensor in graph.initializer}
    known |= {node.output[0] for node in graph.node if node.op_type == "Constant"}
    layers = [node for node in graph.node if node.op_type in ("Conv", "ConvTranspose", "Gemm")]
    assert len(layers) > 20
    return [layer.name for layer in layers if layer.input[1] not in known]


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_graph_predicts_as_the_network(case, build_model):
    for name in ("onnx", "onnxscript"):
        pytest.importorskip(name, reason=REASON)
    runtime = pytest.importorskip("onnxruntime", reason=REASON)
    config, settings = CASES[case]
    network = exportable(build_model(config, **settings))
    graph = traced(network)
    assert {node.domain for node in graph.graph.node} == {""} and not graph.functions
    assert not computed_weights(graph.graph)
    session = runtime.InferenceSession(graph.SerializeToString())
    instances = []
    for size in SIZES:
        image = street(size)
        with torch.no_grad():
            expected = network(torch.from_numpy(image))
        found = session.run(None, dict(image=image))
        assert found[0].shape == size
        assert (found[0] != expected.panoptic_ids.numpy()).mean() < 0.005  # random logits are close
        assert found[1].tolist() == expected.ids.tolist()
        np.testing.assert_allclose(found[3], expected.scores, atol=1e-4)
        instances.append(int((found[1] >= 1000).sum()))
    if case == "100 instances":
        assert max(instances) > 10
    else:
        assert (max(instances) > 0) == (not case.startswith("no "))


@pytest.mark.slow
def test_an_operator_that_onnx_lacks_is_named(build_model):
    for name in ("onnx", "onnxscript"):
        pytest.importorskip(name, reason=REASON)

    class Odd(torch.nn.Module):
        def forward(self, values):
            return torch.special.bessel_j0(values)

    model = build_model("mini/hps_r18_mini.py")
    model.backbone.relu = Odd()
    with pytest.raises(ValueError, match="operator that ONNX lacks .*bessel_j0"):
        traced(exportable(model))
