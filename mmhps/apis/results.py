"""What a prediction says of its segments, and the folder that predictions are written to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mmcv
import numpy as np
from scipy.ndimage import find_objects

from mmhps.metrics.files import write_json
from mmhps.structures import Segment, decode
from mmhps.structures.id_files import write_rgb_ids


def describe_segments(
    panoptic: np.ndarray,
    segments: Sequence[Segment],
    meta: Mapping[str, Any],
    scores: Sequence[float],
) -> list[dict[str, Any]]:
    """Describe the segments of a map.

    Args:
        panoptic: (H, W) int32: 1, 2, … for the segments in their order, 0 for void.
        segments: The segments; each has at least one pixel.
        meta: ``classes``, ``thing_classes`` and ``label_ids`` of the model.
        scores: Of the instances 1, 2, …; empty if they have none.

    Returns:
        ``segments_info``, see :class:`mmhps.apis.PanopticInferencer`.
    """
    infos = []
    boxes = find_objects(panoptic, len(segments))
    for number, (segment, box) in enumerate(zip(segments, boxes, strict=True), start=1):
        rows, columns = box
        name, instance = meta["classes"][segment.label], decode(segment.id)[1]
        info = dict(
            id=number,
            category_id=meta["label_ids"][segment.label],
            category=name,
            isthing=name in meta["thing_classes"],
            area=int(np.count_nonzero(panoptic[box] == number)),
            bbox=[
                columns.start,
                rows.start,
                columns.stop - columns.start,
                rows.stop - rows.start,
            ],
        )
        if 1 <= instance <= len(scores):
            info["score"] = scores[instance - 1]
        infos.append(info)
    return infos


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

    def add(self, prediction: Mapping[str, Any], overlay: np.ndarray) -> None:
        """Write one picture."""
        name = f"{prediction['image_id']}.png"
        mmcv.imwrite(overlay, str(self._overlays / name))
        write_rgb_ids(self._prefix / name, prediction["panoptic_seg"])
        height, width = prediction["panoptic_seg"].shape
        source = Path(prediction["img_path"] or name).name
        self._images.append(
            dict(id=prediction["image_id"], file_name=source, height=height, width=width)
        )
        self._annotations.append(
            dict(
                image_id=prediction["image_id"],
                file_name=name,
                segments_info=prediction["segments_info"],
            )
        )

    def close(self) -> None:
        """Write the JSON file, of all pictures so far."""
        write_json(
            self._prefix, self._annotations, images=self._images, categories=self._categories
        )
