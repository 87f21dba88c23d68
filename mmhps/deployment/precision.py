"""Smaller files: weights in half precision, or convolutions in 8-bit integers."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

__all__ = ["half_weights", "quantized"]

_LAYERS = ("Conv", "ConvTranspose", "Gemm")
"""Operators that have weights."""
_BACKBONE = "/backbone/"
"""Part of the names of its nodes."""


def half_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store the weights of layers in half precision, and compute in single precision.

    A runtime widens them when it loads the file, so that the time of an image stays the same.

    Args:
        model: Changed in place.
    """
    graph = model.graph
    weights = {name for node in graph.node if node.op_type in _LAYERS for name in node.input[1:]}
    casts = []
    for tensor in graph.initializer:
        if tensor.name in weights and tensor.data_type == TensorProto.FLOAT:
            wide, narrow = tensor.name, f"{tensor.name}_half"
            values = numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(numpy_helper.from_array(values, narrow))
            casts.append(helper.make_node("Cast", [narrow], [wide], to=TensorProto.FLOAT))
    for cast in reversed(casts):
        graph.node.insert(0, cast)
    return model


def quantized(model: onnx.ModelProto, images: Iterable[np.ndarray]) -> onnx.ModelProto:
    """Compute convolutions in 8-bit integers; all else stays in single precision.

    So does a backbone with depthwise convolutions: few multiplications with each weight gain no
    time, and the ranges of single channels lose much precision.

    Args:
        model: In single precision.
        images: (H, W, 3) uint8 RGB, from which the ranges of the activations are taken.

    Raises:
        ValueError: There is no image.
    """
    reader = _Reader(images)
    if reader.first is None:
        raise ValueError("calibration: expected images, got none. Name some, a hundred suffice.")
    with tempfile.TemporaryDirectory() as folder:
        source, target = (str(Path(folder, name)) for name in ("single.onnx", "int8.onnx"))
        onnx.save(model, source)
        logging.disable(logging.WARNING)  # advice for graphs that were not optimized before
        quantize_static(
            source,
            target,
            reader,
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            nodes_to_exclude=_fragile(model.graph),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        logging.disable(logging.NOTSET)
        result = onnx.load(target)
    _sort(result.graph)
    known = {entry.key for entry in result.metadata_props}
    result.metadata_props.extend(e for e in model.metadata_props if e.key not in known)
    return result


def _fragile(graph: onnx.GraphProto) -> list[str]:
    """Names of the convolutions of a backbone, if one of them is depthwise."""
    shapes = {tensor.name: tensor.dims for tensor in graph.initializer}
    convs = [node for node in graph.node if node.op_type == "Conv" and _BACKBONE in node.name]
    depthwise = any(
        attribute.name == "group" and attribute.i == shapes[node.input[1]][0] > 1
        for node in convs
        for attribute in node.attribute
    )
    return [node.name for node in convs] if depthwise else []


def _sort(graph: onnx.GraphProto) -> None:
    """Put nodes behind what they read: the quantizer forgets what the bodies of loops read."""
    waiting, done = list(graph.node), {value.name for value in (*graph.input, *graph.initializer)}
    made = {name for node in waiting for name in node.output}
    needed = {id(node): _read(node) & made for node in waiting}
    ordered: list[onnx.NodeProto] = []
    while waiting:
        ready = [node for node in waiting if needed[id(node)] <= done]
        waiting = [node for node in waiting if not needed[id(node)] <= done]
        ordered += ready
        done.update(name for node in ready for name in node.output)
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in ordered]
    del graph.node[:]
    graph.node.extend(copies)


def _read(node: onnx.NodeProto) -> set[str]:
    """Names of the values that a node and the bodies in it read."""
    names = set(node.input)
    for attribute in node.attribute:
        for inner in attribute.g.node:
            names |= _read(inner)
    return names


class _Reader(CalibrationDataReader):
    """The images one by one, as the calibration asks for them."""

    def __init__(self, images: Iterable[np.ndarray]) -> None:
        self._images: Iterator[np.ndarray] = iter(images)
        self.first = next(self._images, None)
        self._next = self.first

    def get_next(self) -> dict[str, Any] | None:
        """The next image, None after the last."""
        image, self._next = self._next, next(self._images, None)
        return None if image is None else {"image": np.ascontiguousarray(image)}
