"""Files in the COCO panoptic format: a JSON of annotations and a folder of RGB PNGs.

https://cocodataset.org/#format-data and #format-results, "Panoptic Segmentation".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmhps.structures import Segment, number_segments
from mmhps.structures.id_files import write_rgb_ids
from mmhps.structures.panoptic_json import (
    FORMAT,
    check_segments,
    list_segments,
    read_panoptic_json,
)


@dataclass(frozen=True)
class PanopticFiles:
    """Ground truth or predictions of a set of images.

    Attributes:
        path: The JSON file.
        folder: The folder of the PNGs.
        images: The image ids under ``images`` (predictions have none).
        categories: The categories; their order gives the labels 0..C-1 (predictions have none).
        annotations: The annotations by image id.
    """

    path: Path
    folder: Path
    images: list[Any]
    categories: list[dict[str, Any]]
    annotations: Mapping[Any, Mapping[str, Any]]

    @classmethod
    def read(cls, path: str | Path, folder: str | Path | None = None) -> PanopticFiles:
        """Read a JSON file and check that it is complete.

        Args:
            path: The JSON file.
            folder: The folder of its PNGs. ``None``: ``name/`` beside ``name.json``.

        Raises:
            FileNotFoundError: The JSON file, the folder or one of the PNGs does not exist.
            ValueError: The file is not in the format, or has several annotations for an image.
        """
        path = Path(path)
        folder = path.with_suffix("") if folder is None else Path(folder)
        content = read_panoptic_json(path)
        if not folder.is_dir():
            raise FileNotFoundError(f"{folder}: no such folder. Name the folder of the PNGs.")
        if "annotations" not in content:
            raise ValueError(f'{path}: not in COCO panoptic format (no "annotations"). {FORMAT}')
        listed = content["annotations"]
        annotations = {item["image_id"]: item for item in listed}
        files = [item["file_name"] for item in listed]
        images = [item["id"] for item in content.get("images", [])]
        try:
            for item in listed:
                check_segments(item)
        except ValueError as error:
            raise ValueError(f"{path}: not in COCO panoptic format ({error}). {FORMAT}") from error
        if len(annotations) < len(listed):
            raise ValueError(f"{path}: an image_id has several annotations. Keep one per image.")
        missing = [name for name in files if not (folder / name).is_file()]
        if missing:
            raise FileNotFoundError(
                f"{folder / missing[0]}: no such file, but {path} lists it (and {len(missing) - 1} "
                "more that are missing). Name the right folder, or write the PNGs again."
            )
        return cls(path, folder, images, content.get("categories", []), annotations)

    def labels(self) -> dict[Any, int]:
        """Return the label 0..C-1 of each category id.

        Raises:
            ValueError: There are no categories.
        """
        if not self.categories:
            raise ValueError(
                f'{self.path}: "categories" must list every category of the ground truth, but is '
                f"empty or missing. Add it."
            )
        return {item["id"]: label for label, item in enumerate(self.categories)}

    def png(self, image_id: Any) -> Path:
        """Return the path of an image's PNG."""
        return self.folder / self.annotations[image_id]["file_name"]

    def segments(self, image_id: Any, labels: Mapping[Any, int]) -> list[Segment]:
        """Return an image's segments.

        Args:
            image_id: One of ``annotations``.
            labels: Label 0..C-1 of each category id.

        Raises:
            ValueError: See :func:`mmhps.structures.panoptic_json.list_segments`.
        """
        try:
            return list_segments(self.annotations[image_id], labels)
        except ValueError as error:
            raise ValueError(f"{self.path}: image {image_id!r} {error}") from error


def check_images(gt: PanopticFiles, pred: PanopticFiles) -> None:
    """Check that every image has a ground truth, and every ground truth a prediction.

    Predictions for further images are fine.

    Raises:
        ValueError: Naming the file that lacks an annotation, and the first image without one.
    """
    for wanted, files, what in (
        (gt.images, gt, "ground truth"),
        (list(gt.annotations), pred, "prediction"),
    ):
        missing = [image_id for image_id in wanted if image_id not in files.annotations]
        if missing:
            raise ValueError(
                f"{files.path}: no {what} for {len(missing)} of the {len(wanted)} images of "
                f"{gt.path}, the first is image_id {missing[0]!r}. Add an annotation for each "
                '(with empty segments_info if nothing was found); 7 and "7" are different ids.'
            )


def write_prediction(
    prefix: str | Path,
    image_id: Any,
    ids: np.ndarray,
    segments: Sequence[Segment],
    category_ids: Sequence[int],
) -> dict[str, Any]:
    """Write the PNG of one image to ``<prefix>/<image_id>.png``.

    Args:
        prefix: Path of the JSON file without ``.json``.
        image_id: Its id.
        ids: Id map, (H, W), non-negative integers; what no segment lists is void (black).
        segments: The segments. In the file they are numbered 1, 2, …
        category_ids: The category id of each label.

    Returns:
        The image's entry for ``annotations`` of the JSON file.
    """
    file_name = f"{image_id}.png"
    write_rgb_ids(Path(prefix) / file_name, number_segments(ids, segments))
    infos = [
        dict(id=number, category_id=int(category_ids[segment.label]))
        for number, segment in enumerate(segments, start=1)
    ]
    return dict(image_id=image_id, file_name=file_name, segments_info=infos)
