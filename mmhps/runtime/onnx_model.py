"""Run an exported model: numpy and ONNX Runtime alone are needed, neither torch nor MMDetection."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["OnnxModel"]


class OnnxModel:
    """An exported model::

        segments = OnnxModel("hps.onnx")(image)
        segments["panoptic_ids"], segments["labels"]

    Args:
        path: The file.
        threads: Threads of each operator; 0 leaves the choice to ONNX Runtime.

    Attributes:
        meta: What the file says of itself: ``classes``, ``thing_classes``, ``palette``,
            ``label_ids``, ``preprocessing``, ``license``, ``config``, ``checkpoint``,
            ``checkpoint_sha256`` and ``mmhps_version``.

    Raises:
        FileNotFoundError: There is no such file.
        ModuleNotFoundError: ONNX Runtime is missing.
        ValueError: It is no model that ``tools/deployment/export_onnx.py`` wrote.
    """

    def __init__(self, path: str | Path, threads: int = 0) -> None:
        if not Path(path).is_file():
            raise FileNotFoundError(f"{path}: there is no such file. Export a model to it first.")
        try:
            self._session = open_session(str(path), threads)
        except ModuleNotFoundError:
            raise
        except Exception as error:  # ONNX Runtime has kinds of its own
            raise ValueError(
                f"{path}: cannot be loaded as an ONNX file ({str(error).strip()}). Export it again."
            ) from error
        self._outputs = [output.name for output in self._session.get_outputs()]
        texts = self._session.get_modelmeta().custom_metadata_map
        if "classes" not in texts:
            raise ValueError(
                f"{path}: expected a model that tools/deployment/export_onnx.py wrote, got one "
                f"without classes. Export it."
            )
        self.meta: dict[str, Any] = {
            key: json.loads(text) if text[:1] in ("[", "{") else text for key, text in texts.items()
        }

    def __call__(self, image: np.ndarray) -> dict[str, np.ndarray]:
        """Segment an image.

        Args:
            image: (H, W, 3) uint8 RGB.

        Returns:
            The outputs by name, see :class:`mmhps.deployment.segments.Segments`.

        Raises:
            ValueError: The image has another shape or type.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            raise ValueError(
                f"image: expected (H, W, 3) uint8 RGB, got {image.shape} of {image.dtype}. Convert "
                f"it."
            )
        values = self._session.run(None, {"image": np.ascontiguousarray(image)})
        return dict(zip(self._outputs, values, strict=True))


def open_session(model: str | bytes, threads: int = 0) -> Any:
    """Load a graph for the CPU; only errors of it are printed.

    Args:
        model: Path of the file, or its content.
        threads: Threads of each operator; 0 leaves the choice to ONNX Runtime.

    Returns:
        An ``onnxruntime.InferenceSession``.

    Raises:
        ModuleNotFoundError: ONNX Runtime is missing.
        Exception: One of ONNX Runtime's own kinds: it is no graph that can be run.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{error.name} is missing, which exported models are run with. Install it, in "
            'a clone of mmhps: pip install ".[runtime]"'
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
