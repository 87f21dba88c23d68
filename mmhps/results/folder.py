"""The folder that results are written to, and the record of pictures that cannot be read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from mmhps.structures.id_files import write_rgb_ids
from mmhps.structures.panoptic_json import write_json

from .panoptic_result import PanopticResult


class Skipped(NamedTuple):
    """A picture that could not be read.

    Attributes:
        source: Its path, or its place in a video or in the inputs.
        error: What is wrong, with the remedy.
    """

    source: str
    error: str


class ResultFolder:
    """The folder that predictions are written to.

    What earlier calls wrote there stays, in its files and in ``panoptic.json``; only the results
    of the same picture are replaced.

    Raises:
        OSError: It cannot be made.
        ValueError: It holds results of other classes, or another ``panoptic.json``.
    """

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
        self._images, self._annotations = self._earlier(folder / "panoptic.json")

    def _earlier(self, path: Path) -> tuple[dict[str, dict], dict[str, dict]]:
        """The images and annotations of earlier calls, by their ids."""
        if not path.is_file():
            return {}, {}
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            images = {entry["id"]: entry for entry in content["images"]}
            annotations = {entry["image_id"]: entry for entry in content["annotations"]}
            same = content["categories"] == self._categories
        except (ValueError, KeyError, TypeError):
            same = False
        if not same:
            raise ValueError(
                f"{path}: holds no results, or those of other classes, and would be overwritten. "
                f"Name another folder."
            )
        return images, annotations

    def is_free(self, name: str, origin: str | None) -> bool:
        """Whether files of this name would overwrite nothing but results of the same picture."""
        if name in self._images:
            return origin is not None and self._images[name].get("source") == origin
        folders = (self._overlays, self._prefix)
        return not any((folder / f"{name}.png").exists() for folder in folders)

    def add(self, result: PanopticResult, overlay: np.ndarray, origin: str | None = None) -> None:
        """Write one picture and its overlay, RGB; ``origin`` is that of the picture."""
        name = f"{result.image_id}.png"
        path = self._overlays / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(overlay).save(path, compress_level=1)
        write_rgb_ids(self._prefix / name, result.ids)
        height, width = result.ids.shape
        file_name = Path(result.img_path or name).name
        image = dict(id=result.image_id, file_name=file_name, height=height, width=width)
        self._images[result.image_id] = image | ({"source": origin} if origin else {})
        self._annotations[result.image_id] = dict(
            image_id=result.image_id, file_name=name, segments_info=result.segments
        )

    def close(self) -> None:
        """Write the JSON file, of all pictures so far."""
        write_json(
            self._prefix,
            list(self._annotations.values()),
            images=list(self._images.values()),
            categories=self._categories,
        )
