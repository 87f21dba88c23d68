import numpy as np
import pytest

REASON = "needs the extra deploy"
onnx = pytest.importorskip("onnx", reason=REASON)
onnxruntime = pytest.importorskip("onnxruntime", reason=REASON)

from mmhps.deployment.precision import half_weights, quantized  # noqa: E402


def network():
    """One convolution of an image (H, W, 3) to 4 channels, doubled in a loop that runs once."""
    rng = np.random.default_rng(0)
    weight = onnx.numpy_helper.from_array(rng.random((4, 3, 3, 3), np.float32), "weight")
    numbers = [
        onnx.numpy_helper.from_array(np.array(value), name)
        for name, value in (("once", 1), ("again", True), ("axis", np.array([0])))
    ]
    helper = onnx.helper
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["goes"]),
            helper.make_node("Add", ["state", "conv"], ["next"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("step", onnx.TensorProto.INT64, []),
            helper.make_tensor_value_info("go", onnx.TensorProto.BOOL, []),
            helper.make_tensor_value_info("state", onnx.TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("goes", onnx.TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", onnx.TensorProto.FLOAT, None),
        ],
    )
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["planes"], perm=[2, 0, 1]),
        helper.make_node("Unsqueeze", ["planes", "axis"], ["batch"]),
        helper.make_node("Conv", ["batch", "weight"], ["conv"], kernel_shape=[3, 3]),
        helper.make_node("Relu", ["conv"], ["relu"]),
        helper.make_node("Loop", ["once", "again", "relu"], ["output"], body=body),
    ]
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("image", onnx.TensorProto.UINT8, ["h", "w", 3])],
        [helper.make_tensor_value_info("output", onnx.TensorProto.FLOAT, [1, 4, None, None])],
        [weight, *numbers],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    model.metadata_props.add(key="classes", value="[]")
    return model


def run(model, image):
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, dict(image=image))[0]


def picture(seed):
    return np.random.default_rng(seed).integers(0, 256, (9, 8, 3), dtype=np.uint8)


def test_half_weights():
    expected, model = run(network(), picture(0)), half_weights(network())
    stored = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    assert stored["weight_half"] == onnx.TensorProto.FLOAT16 and "weight" not in stored
    found = run(model, picture(0))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-3)
    assert (found != expected).any()


def test_quantized():
    model = quantized(network(), map(picture, range(5)))
    assert "QuantizeLinear" in {node.op_type for node in model.graph.node}
    assert {entry.key for entry in model.metadata_props} >= {"classes"}
    expected = run(network(), picture(9))
    assert abs(run(model, picture(9)) - expected).max() < 0.03 * expected.max()


@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize("name", ["/backbone/conv", "/neck/conv"])
def test_backbones_with_depthwise_convolutions_are_not_quantized(name, groups):
    model = network()
    node = next(node for node in model.graph.node if node.op_type == "Conv")
    node.name = name
    node.attribute.append(onnx.helper.make_attribute("group", groups))
    weight = np.ones((3, 3 // groups, 3, 3), np.float32)
    model.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(weight, "weight"))
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 3
    found = {node.op_type for node in quantized(model, [picture(0)]).graph.node}
    assert ("QuantizeLinear" in found) != (name == "/backbone/conv" and groups == 3)


def test_nothing_to_calibrate_with():
    with pytest.raises(ValueError, match="calibration: expected images, got none"):
        quantized(network(), [])
