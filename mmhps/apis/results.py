"""The folder that results are written to, and the record of pictures that cannot be read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import mmcv
import numpy as np

from mmhps.metrics.files import write_json
from mmhps.structures.id_files import write_rgb_ids
from mmhps.visualization import PanopticResult


class Skipped(NamedTuple):
    """A picture that could not be read.

    Attributes:
        source: Its path, or its place in a video or in the inputs.
        error: What is wrong, with the remedy.
    """

    source: str
    error: str


class ResultFolder:
    """The folder that predictions are written to."""

    def __init__(self, folder: Path, meta: Mapping[str, Any]) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OSError(
                error.errno,
                f"{folder}: results cannot be written there ({error.strerror}). Name another "
                f"folder",
            ) from error
        self._overlays, self._prefix = folder / "overlays", folder / "panoptic"
        self._categories = [
            dict(id=id_, name=name, isthing=int(name in meta["thing_classes"]), color=list(color))
            for id_, name, color in zip(
                meta["label_ids"], meta["classes"], meta["palette"], strict=True
            )
        ]
        self._images: list[dict] = []
        self._annotations: list[dict] = []

    def add(self, result: PanopticResult, overlay: np.ndarray) -> None:
        """Write one picture and its overlay, RGB."""
        name = f"{result.image_id}.png"
        mmcv.imwrite(overlay[..., ::-1], str(self._overlays / name))
        write_rgb_ids(self._prefix / name, result.ids)
        height, width = result.ids.shape
        source = Path(result.img_path or name).name
        self._images.append(dict(id=result.image_id, file_name=source, height=height, width=width))
        self._annotations.append(
            dict(image_id=result.image_id, file_name=name, segments_info=result.segments)
        )

    def close(self) -> None:
        """Write the JSON file, of all pictures so far."""
        write_json(
            self._prefix, self._annotations, images=self._images, categories=self._categories
        )
