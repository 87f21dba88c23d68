"""Write a trained model as one ONNX file, from the image to the segments."""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.model import revert_sync_batchnorm

from mmhps.apis.trained_models import dataset_meta, load_model, trained_meta
from mmhps.engine.checkpoints import load_checkpoint
from mmhps.models import resolve_classes
from mmhps.pictures import list_pictures
from mmhps.runtime.onnx_model import open_session
from mmhps.runtime.picture_stream import MAX_PIXELS
from mmhps.structures.picture_files import read_picture
from mmhps.version import __version__

from .network import ExportableNetwork
from .operators import RULES
from .padding import fix_padding
from .segments import OUTPUTS
from .support import check_exportable, preprocessing_of
from .upsampled import use_products

__all__ = ["PRECISIONS", "export_onnx", "require", "traced"]

LICENSE = "Apache-2.0"
PRECISIONS = ("fp32", "fp16", "int8")
CALIBRATION = 100
"""Most pictures that the ranges of int8 are taken from."""
_EXAMPLE = (75, 110, 3)
"""Size of the image that the network is traced with; the graph takes any."""
_CHECKED = Path(__file__).parents[1] / "web" / "examples" / "street1.jpg"
"""Image of another shape, on which the graph is compared with the network."""
_TOLERANCE = 0.01
"""Largest share of its pixels that may differ; rounding moves single ones."""


def require(*names: str) -> list[ModuleType]:
    """Import what only deployment needs.

    Raises:
        ModuleNotFoundError: One of the packages is missing.
    """
    try:
        return [importlib.import_module(name) for name in names]
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{error.name} is missing, which models are exported with. Install it, in a clone of "
            'mmhps: pip install ".[deploy]"'
        ) from error


def export_onnx(
    cfg: Config,
    checkpoint: str | Path,
    path: str | Path,
    license: str | None = None,
    precision: str = "fp32",
    calibration: str | Path | None = None,
) -> None:
    """Export a trained model; the file also says what it is, see docs/deployment.md.

    Args:
        cfg: Its config.
        checkpoint: Path of its weights.
        path: The file to write.
        license: Of the weights; stands in the file. None takes ``weights_license`` of the config,
            or else :data:`LICENSE`.
        precision: One of :data:`PRECISIONS`, see :mod:`mmhps.deployment.precision`.
        calibration: For ``'int8'``: folder or pattern of pictures like those of the training.

    Raises:
        ValueError: A part of the model cannot be exported, or an argument is wrong.
        FileNotFoundError, ValueError: The checkpoint does not exist or does not fit.
        ModuleNotFoundError: A package is missing.
    """
    _check_precision(precision, calibration)
    onnx, _, _ = require("onnx", "onnxscript", "onnxruntime")
    weights = load_checkpoint(str(checkpoint))
    resolve_classes(cfg)
    model = revert_sync_batchnorm(load_model(cfg.model, weights, str(checkpoint)))
    check_exportable(model)
    steps = preprocessing_of(cfg, model)
    properties = dict(
        **_class_texts(dataset_meta(cfg, trained_meta(weights))),
        **_origin(cfg, Path(checkpoint)),
        preprocessing=json.dumps(dict(image="uint8 RGB (H, W, 3)", inside=steps._asdict())),
        license=license or cfg.get("weights_license", LICENSE),
        precision=precision,
    )
    network = ExportableNetwork(model.eval(), steps, MAX_PIXELS)
    image = read_picture(_CHECKED)[..., ::-1].copy()
    expected = _predicted(network, image)
    graph = _described(traced(network), properties)
    _check_equal(graph, image, expected)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    onnx.save(_in_precision(graph, precision, calibration), str(path))


def _predicted(network: ExportableNetwork, image: np.ndarray) -> list[np.ndarray]:
    """What a network says of an image, in the order of ``OUTPUTS``."""
    with torch.no_grad():
        return [value.numpy() for value in network(torch.from_numpy(image))]


def _check_equal(graph: Any, image: np.ndarray, expected: Sequence[np.ndarray]) -> None:
    """Raise if a graph has kept the size of the image that it was traced with.

    Args:
        graph: The graph.
        image: One of another size.
        expected: What the network says of it, in the order of ``OUTPUTS``.

    Raises:
        ValueError: The graph fails, more than 1 % of the pixels differ, or it finds at least two
            segments more or less.
    """
    problem = ""
    try:
        session = open_session(graph.SerializeToString())
        found = session.run(list(OUTPUTS), {"image": image})
    except Exception as error:  # ONNX Runtime has kinds of its own
        problem = str(error).strip()
    else:
        maps, numbers = (found[0], expected[0]), (len(found[1]), len(expected[1]))
        different = (maps[0] != maps[1]).mean() if maps[0].shape == maps[1].shape else 1.0
        if different > _TOLERANCE or abs(numbers[0] - numbers[1]) > 1:
            problem = (
                f"{different:.0%} of the pixels differ; {numbers[0]} segments, not {numbers[1]}"
            )
    if problem:
        raise ValueError(
            f"model: predicts otherwise as a graph, on an image of another size than the traced "
            f"one ({problem}). A layer depends on the size of its input: replace it, or use the "
            f"PyTorch model."
        )


def _check_precision(precision: str, calibration: str | Path | None) -> None:
    """Raise if the two do not fit each other."""
    if precision not in PRECISIONS or (precision == "int8") != (calibration is not None):
        raise ValueError(
            f"precision: expected one of {', '.join(PRECISIONS)}, and calibration with int8 alone, "
            f"got {precision!r} and {calibration!r}. Name pictures to calibrate int8 with."
        )


def _origin(cfg: Config, checkpoint: Path) -> dict[str, str]:
    """Where a model comes from."""
    return dict(
        config=Path(cfg.filename).stem,
        checkpoint=checkpoint.name,
        checkpoint_sha256=hashlib.sha256(checkpoint.read_bytes()).hexdigest(),
        mmhps_version=__version__,
    )


def _class_texts(meta: Mapping[str, Any]) -> dict[str, str]:
    """What a data set says of its classes, as JSON."""
    palette = [list(map(int, color)) for color in meta["palette"]]
    texts = {key: meta[key] for key in ("classes", "thing_classes", "label_ids")}
    return {key: json.dumps(value) for key, value in dict(texts, palette=palette).items()}


def _in_precision(graph: Any, precision: str, calibration: str | Path | None) -> Any:
    """Change the precision of a model in single precision."""
    from .precision import half_weights, quantized

    if precision == "fp16":
        return half_weights(graph)
    if precision == "int8":
        pictures = list_pictures(str(calibration))
        some = pictures[:: -(-len(pictures) // CALIBRATION)]
        return half_weights(quantized(graph, (picture.read()[..., ::-1] for picture in some)))
    return graph


def traced(network: ExportableNetwork) -> Any:
    """The network as a checked ``onnx.ModelProto`` of standard operators, for images of any size.

    Raises:
        ValueError: The network has an operator that ONNX lacks.
    """
    (onnx,) = require("onnx")
    from .rules import OPSET

    fix_padding(network)
    use_products(network)
    image = torch.zeros(_EXAMPLE, dtype=torch.uint8)
    rows = {name: {0: "segments"} for name in OUTPUTS[1:]}
    size = {0: "height", 1: "width"}
    file = io.BytesIO()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the tracer, for every Python number
        try:
            torch.onnx.export(
                network,
                (image,),
                file,
                dynamo=False,
                opset_version=OPSET,
                input_names=["image"],
                output_names=list(OUTPUTS),
                dynamic_axes={"image": size, OUTPUTS[0]: size, **rows},
                custom_opsets={RULES: 1},
                autograd_inlining=False,
            )
        except torch.onnx.errors.OnnxExporterError as error:
            reason = str(error).splitlines()[0]
            raise ValueError(
                f"model: has an operator that ONNX lacks ({reason}). Replace the layer, or use the "
                f"PyTorch model."
            ) from error
    return _of_standard_operators(onnx.load_from_string(file.getvalue()))


def _of_standard_operators(graph: Any) -> Any:
    """Put the bodies of the rules in their places, and check the result."""
    onnx, shapes, inliner = require("onnx", "onnx.shape_inference", "onnx.inliner")
    from .rules import functions

    _use_constants(graph.graph)
    graph.functions.extend(functions())
    graph = inliner.inline_local_functions(graph)
    standard = [opset for opset in graph.opset_import if opset.domain != RULES]
    del graph.opset_import[:]
    graph.opset_import.extend(standard)
    onnx.checker.check_model(graph, full_check=True)
    return shapes.infer_shapes(graph, strict_mode=True)


def _use_constants(graph: Any) -> None:
    """Let nodes read constants themselves, and not through an ``Identity`` of them.

    The exporter stores equal weights once, and names the others by such nodes; what looks for the
    weights of a layer would not find them.
    """
    constants = {tensor.name for tensor in graph.initializer}
    names = {
        node.output[0]: node.input[0]
        for node in graph.node
        if node.op_type == "Identity" and node.input[0] in constants
    }
    kept = [node for node in graph.node if not node.output or node.output[0] not in names]
    for node in kept:
        for i, name in enumerate(node.input):
            node.input[i] = names.get(name, name)
    del graph.node[:]
    graph.node.extend(kept)


def _described(graph: Any, properties: Mapping[str, str]) -> Any:
    """Write meta information into a model, and return it."""
    graph.producer_name, graph.producer_version = "mmhps", __version__
    for key, value in properties.items():
        graph.metadata_props.add(key=key, value=value)
    return graph
