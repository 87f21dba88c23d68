"""Panoptic segmentation of any pictures with an exported model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmhps.pictures import Picture
from mmhps.results import PanopticResult, Skipped
from mmhps.structures import decode

from .onnx_model import OnnxModel
from .picture_stream import PictureStream
from .shipped import shipped_onnx


class PanopticInferencer(PictureStream):
    """Panoptic segmentation of pictures, without torch::

        inferencer = PanopticInferencer()  # or an exported model
        result = inferencer("photos/", out_dir="results")
        result["predictions"][0].ids

    Inputs, predictions and files are those of :class:`mmhps.apis.PanopticInferencer`.

    Args:
        model: Path of the exported model; None takes the shipped one.
        threads: Threads of each operator; 0 leaves the choice to ONNX Runtime.
        show_progress: Whether to show the progress.

    Raises:
        FileNotFoundError: There is no such file.
        ModuleNotFoundError: ONNX Runtime is missing.
        ValueError: The file is no exported model.
    """

    def __init__(
        self, model: str | Path | None = None, threads: int = 0, show_progress: bool = True
    ) -> None:
        self.model = OnnxModel(shipped_onnx() if model is None else model, threads)
        self.meta = self.model.meta
        self.show_progress = show_progress

    def _segment(self, pictures: Sequence[Picture]) -> Iterator[PanopticResult | Skipped]:
        for picture in pictures:
            try:
                image = np.ascontiguousarray(picture.read()[..., ::-1])
            except OSError as error:
                yield Skipped(picture.source, str(error))
                continue
            yield segmented(
                self.model, self.meta, image, image_id=picture.id, img_path=picture.path
            )


def segmented(
    model: Callable[[np.ndarray], Mapping[str, np.ndarray]],
    meta: Mapping[str, Any],
    image: np.ndarray,
    **more: Any,
) -> PanopticResult:
    """Segment a picture.

    Args:
        model: What gives the outputs of :class:`mmhps.runtime.OnnxModel`.
        meta: ``classes``, ``thing_classes``, ``palette`` and ``label_ids``.
        image: (H, W, 3) uint8 RGB.
        more: Further attributes of the result.
    """
    outputs = model(image)
    numbers = decode(outputs["ids"])[1]
    scores = [0.0] * int(numbers.max(initial=0))
    for number, score in zip(numbers.tolist(), outputs["scores"].tolist(), strict=True):
        if number:
            scores[number - 1] = round(score, 4)
    return PanopticResult.of_prediction(
        outputs["panoptic_ids"], meta, scores=scores, image=image, **more
    )
