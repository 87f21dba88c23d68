"""Join four images and their segment maps into one.

Shape letters: h×w quarter, 2h×2w result.
"""

from dataclasses import replace

import mmcv
import numpy as np
from mmdet.datasets.transforms import Mosaic
from mmdet.registry import TRANSFORMS
from numpy import random

from mmhps.datasets.transforms.loading import FIRST_SEGMENT, check_segment_count
from mmhps.structures import VOID, Segment

_QUARTERS = ("top_left", "top_right", "bottom_left", "bottom_right")


@TRANSFORMS.register_module()
class PanopticMosaic(Mosaic):
    """MMDetection's ``Mosaic``, of which the segment map is made as well.

    The arguments, the random numbers and the image are those of ``Mosaic``: ``img_scale`` is (w, h)
    of a quarter, so ``RandomCrop`` often follows. Stands in the pipeline of a
    ``MultiImageMixDataset``, before ``PanopticIdsToInstances``; the pipeline of the data set in it
    ends behind ``LoadPanopticIds``. What is padded is void. The segments of the four images are
    kept apart, also where one image is drawn twice.

    Required keys: ``img`` (H, W, 3), ``gt_seg_map`` (segment map, (H, W) uint16), ``segments``,
    and ``mix_results``, three results with these keys.

    Replaced keys: ``img`` (2h, 2w, 3), ``img_shape``, ``gt_seg_map`` (2h, 2w) uint16, ``segments``
    of all four images, whose ids are their values in the map. Other keys are those of the first
    image.

    Raises:
        ValueError: A key is missing, instances are made already, or there are more segments than 16
            bits can tell apart.
    """

    def transform(self, results: dict) -> dict:
        """Join the images. See the class."""
        parts = [results, *results.get("mix_results", ())]
        _check(parts)
        if random.uniform(0, 1) > self.prob:
            return results
        width, height = self.img_scale
        image = np.full((2 * height, 2 * width, 3), self.pad_val, dtype=results["img"].dtype)
        segment_map = np.full(image.shape[:2], VOID, dtype=np.uint16)
        center = [int(random.uniform(*self.center_ratio_range) * side) for side in self.img_scale]
        segments: list[Segment] = []
        for name, part in zip(_QUARTERS, parts, strict=True):
            shown, found = self._fit(part)
            found = found + np.where(found < FIRST_SEGMENT, 0, len(segments)).astype(np.uint16)
            place, cut = self._mosaic_combine(name, center, found.shape[::-1])
            image[_window(place)] = shown[_window(cut)]
            segment_map[_window(place)] = found[_window(cut)]
            segments += part["segments"]
        segments = [replace(s, id=FIRST_SEGMENT + k) for k, s in enumerate(segments)]
        return results | dict(
            img=image, img_shape=image.shape[:2], gt_seg_map=segment_map, segments=segments
        )

    def _fit(self, part: dict) -> tuple[np.ndarray, np.ndarray]:
        """Image and segment map, resized to fit into a quarter."""
        height, width = part["img"].shape[:2]
        factor = min(self.img_scale[1] / height, self.img_scale[0] / width)
        size = int(width * factor), int(height * factor)
        segment_map = mmcv.imresize(part["gt_seg_map"], size, interpolation="nearest")
        return mmcv.imresize(part["img"], size), segment_map


def _window(corners: tuple[int, int, int, int]) -> tuple[slice, slice]:
    x1, y1, x2, y2 = corners
    return slice(y1, y2), slice(x1, x2)


def _check(parts: list[dict]) -> None:
    """Raise if this is not the place in the pipeline for a mosaic."""
    if len(parts) != len(_QUARTERS):
        raise ValueError(
            f"mix_results: expected three images for PanopticMosaic, got {len(parts) - 1}. Put it "
            f"into the pipeline of a MultiImageMixDataset."
        )
    if any("gt_masks" in part or part.get("gt_seg_map") is None for part in parts):
        raise ValueError(
            "gt_seg_map: expected a segment map in each of the images of PanopticMosaic. Put it "
            "behind LoadPanopticIds and before PanopticIdsToInstances."
        )
    check_segment_count(sum(len(part["segments"]) for part in parts), "PanopticMosaic")
