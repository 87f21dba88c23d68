"""The panoptic segmentation of one image: what pictures, files and pages are made from.

Shape letters: H×W image, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from mmhps.structures.panoptic_ids import (
    VOID,
    Segment,
    decode,
    number_segments,
    predicted_segments,
)

from .colors import class_colors
from .grid import comparison_grid
from .legend import legend_entries
from .overlay import panoptic_overlay
from .segments import extents, resize_ids, resize_image


@dataclass(frozen=True, eq=False)
class PanopticResult:
    """A predicted or true segmentation.

    Attributes:
        panoptic: Panoptic map, (H, W) integers: ``label + 1000 * instance``; ``VOID`` is void.
        meta: Meta information of the data set: ``classes``; ``palette`` for :meth:`overlay`;
            ``thing_classes`` and ``label_ids`` for :attr:`segments`.
        scores: Of the instances 1, 2, …, 0..1; empty if they have none.
        image: The image, (H, W, 3) uint8 RGB; None where it is not at hand.
        image_id: What files are named after.
        img_path: File of the image; None if it has none of its own.
        sample: ``DetDataSample`` of what the network predicts besides, if it was asked to.
    """

    panoptic: np.ndarray
    meta: Mapping[str, Any]
    scores: Sequence[float] = ()
    image: np.ndarray | None = None
    image_id: str = ""
    img_path: str | None = None
    sample: Any = None

    @classmethod
    def of_prediction(cls, ids: np.ndarray, meta: Mapping[str, Any], **more: Any) -> PanopticResult:
        """Take a map as networks predict it, whose void is C; ``more`` are the attributes."""
        return cls(np.where(ids == len(meta["classes"]), VOID, ids), meta, **more)

    @cached_property
    def ids(self) -> np.ndarray:
        """(H, W) int32: the ``id`` of each pixel's segment in :attr:`segments`; 0 is void."""
        return number_segments(self.panoptic, self._parts)

    @cached_property
    def segments(self) -> list[dict[str, Any]]:
        """A dictionary for each segment, as in COCO's ``segments_info``.

        ``id`` (1, 2, …: its value in :attr:`ids`), ``category_id`` (that of the data set, e.g.
        Cityscapes' 26 for cars), ``category`` (its name), ``isthing``, ``area`` (pixels), ``bbox``
        (x, y, width, height; pixels) and ``score`` (0..1) where the instance has one.

        Raises:
            ValueError: The map holds an unknown label.
        """
        boxes = extents(self.ids, len(self._parts))
        return [
            self._describe(number, segment, box)
            for number, (segment, box) in enumerate(zip(self._parts, boxes, strict=True), start=1)
        ]

    @cached_property
    def _parts(self) -> list[Segment]:
        classes = len(self.meta["classes"])
        void_as_predicted = np.where(self.panoptic == VOID, classes, self.panoptic)
        return predicted_segments(void_as_predicted, classes, self.image_id)

    def _describe(self, number: int, segment: Segment, box: tuple[slice, slice]) -> dict[str, Any]:
        """One entry of :attr:`segments`; ``box`` holds its rows and columns."""
        rows, columns = box
        name, instance = self.meta["classes"][segment.label], decode(segment.id)[1]
        info = dict(
            id=number,
            category_id=self.meta["label_ids"][segment.label],
            category=name,
            isthing=name in self.meta["thing_classes"],
            area=int(np.count_nonzero(self.ids[box] == number)),
            bbox=[
                columns.start,
                rows.start,
                columns.stop - columns.start,
                rows.stop - rows.start,
            ],
        )
        if 1 <= instance <= len(self.scores):
            info["score"] = self.scores[instance - 1]
        return info

    def resized(self, size: tuple[int, int]) -> PanopticResult:
        """The same at another size (height, width): the map by nearest neighbour."""
        image = None if self.image is None else resize_image(self.image, size)
        return replace(self, panoptic=resize_ids(self.panoptic, size), image=image)

    def overlay(
        self,
        image: np.ndarray | None = None,
        alpha: float = 0.65,
        outline_width: int | None = None,
        legend: bool = True,
    ) -> np.ndarray:
        """Draw the segments over the image, above a legend.

        Args:
            image: Another image than :attr:`image`, (H, W[, 3]) grey or RGB, 0..255.
            alpha: Opacity of the colours, 0..1.
            outline_width: Width of the instances' outlines, pixels; None chooses by size.
            legend: Whether a strip below names the classes.

        Returns:
            (H', W', 3) uint8 RGB; (H, W, 3) without a legend.

        Raises:
            ValueError: There is no image, or the map holds an unknown label.
        """
        image = self.image if image is None else image
        if image is None:
            raise ValueError("image: expected the image to draw over, got None. Pass it.")
        classes = self.meta["classes"]
        palette = class_colors(self.meta.get("palette"), len(classes))
        drawing = panoptic_overlay(image, self.panoptic, palette, alpha, outline_width)
        if not legend:
            return drawing
        entries = legend_entries([self.panoptic], classes, palette)
        return comparison_grid([[drawing]], (), entries)
