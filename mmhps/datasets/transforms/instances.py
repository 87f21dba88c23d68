"""Derive boxes, masks and label maps from a segment map, after all geometric transforms.

Shape letters: N instances, H×W network input.
"""

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.structures.mask import BitmapMasks
from scipy.ndimage import find_objects

from mmhps.datasets.transforms.loading import FIRST_SEGMENT
from mmhps.structures import VOID, Segment


@TRANSFORMS.register_module()
class PanopticIdsToInstances(BaseTransform):
    """Turn the segment map of ``LoadPanopticIds`` into the ground truth of both branches.

    Best stands after the geometric transforms: one map is moved faster than many masks. Those that
    need masks (CopyPaste, FilterAnnotations) stand behind it. Segments that have left the image
    make no instance. Without ground truth nothing happens.

    Instances are ordered as ``segments``. Crowds, and instances with fewer than ``min_area``
    pixels, are marked in ``gt_ignore_flags``: packing puts them into ``ignored_instances``, and
    they are void in the panoptic map. The semantic map keeps their label.

    Required keys: ``gt_seg_map`` (segment map, (H, W) uint16), ``segments``, ``thing_classes``.

    Added or replaced keys:
        - ``gt_bboxes``: HorizontalBoxes (N, 4) float32, pixels, x1 y1 x2 y2; tight; x2 and y2 are
          one past the last pixel.
        - ``gt_bboxes_labels``: (N,) int64.
        - ``gt_ignore_flags``: (N,) bool.
        - ``gt_masks``: BitmapMasks (N, H, W) uint8 in {0, 1}.
        - ``gt_seg_map``: semantic map, (H, W) uint8, 255 void.

    Args:
        min_area: Smallest instance, in pixels of the network input, that is not ignored.

    Raises:
        ValueError: ``min_area`` is below 1, or a label does not fit below 255.
    """

    def __init__(self, min_area: int = 1) -> None:
        if min_area < 1:
            raise ValueError(f"min_area: expected at least 1 pixel, got {min_area}.")
        self.min_area = min_area

    def transform(self, results: dict) -> dict:
        """Derive the ground truth. See the class."""
        if results.get("gt_seg_map") is None:
            return results
        segment_map, segments = results["gt_seg_map"], results["segments"]
        num_things = len(results["thing_classes"])
        areas = np.bincount(segment_map.ravel(), minlength=FIRST_SEGMENT + len(segments))
        present = [k for k, area in enumerate(areas[FIRST_SEGMENT:]) if area]
        things = [k for k in present if segments[k].label < num_things]
        ignored = np.array(
            [segments[k].iscrowd or areas[FIRST_SEGMENT + k] < self.min_area for k in things],
            dtype=bool,
        )
        boxes, masks = _boxes_and_masks(segment_map, things)
        results |= dict(
            gt_bboxes=HorizontalBoxes(boxes),
            gt_bboxes_labels=np.array([segments[k].label for k in things], dtype=np.int64),
            gt_ignore_flags=ignored,
            gt_masks=BitmapMasks(masks, *segment_map.shape),
            gt_seg_map=_label_table(segments).take(segment_map),
        )
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}(min_area={self.min_area})"


def _boxes_and_masks(segment_map: np.ndarray, things: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return boxes (N, 4) float32 and masks (N, H, W) uint8 of some segments, given by index.

    One pass finds all boxes, and each mask is compared inside its box only: comparing the whole
    map once per instance would dominate the loading time.
    """
    places = find_objects(segment_map)
    boxes = np.zeros((len(things), 4), dtype=np.float32)
    masks = np.zeros((len(things), *segment_map.shape), dtype=np.uint8)
    for box, mask, k in zip(boxes, masks, things, strict=True):
        value = FIRST_SEGMENT + k
        rows, columns = place = places[value - 1]  # find_objects starts at value 1
        box[:] = columns.start, rows.start, columns.stop, rows.stop
        mask[place] = segment_map[place] == value
    return boxes, masks


def _label_table(segments: list[Segment]) -> np.ndarray:
    """Return a table from a segment map's pixel value to its label, (256 + len(segments),) uint8.

    Raises:
        ValueError: A label is not below 255.
    """
    labels = np.array([segment.label for segment in segments], dtype=np.int64)
    if labels.max(initial=0) >= VOID:
        raise ValueError(
            f"segments: expected labels below {VOID}, the label of void, got {labels.max()}. Use "
            f"fewer classes."
        )
    return np.concatenate([np.full(FIRST_SEGMENT, VOID), labels]).astype(np.uint8)
