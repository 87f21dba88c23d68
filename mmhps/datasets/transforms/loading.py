"""Load an id map in a form that survives MMDetection's geometric transforms."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from mmhps.structures import VOID, Segment
from mmhps.structures.id_formats import CITYSCAPES_CLASSES, read_true_segments

FIRST_SEGMENT = VOID + 1
"""Pixel value of the first segment in a segment map; every smaller value is void.

MMDetection's transforms fill new pixels of a segmentation map with ``VOID``.
"""
_MAX_SEGMENTS = np.iinfo(np.uint16).max + 1 - FIRST_SEGMENT


@TRANSFORMS.register_module()
class LoadPanopticIds(BaseTransform):
    """Load the id map of an image as a compact *segment map*.

    ``gt_seg_map`` becomes (H, W) uint16: pixel value ``256 + k`` is ``segments[k]``, a smaller
    value is void. Raw ids cannot be used: OpenCV does not warp int32, and 255, the value of
    padding, can be a segment id. Resize, RandomFlip, RandomCrop and Pad then move this map (nearest
    neighbour) like any segmentation map; ``PanopticIdsToInstances`` derives everything else from it
    afterwards.

    Without ground truth (``seg_map_path`` None or missing) nothing happens.

    Required keys: ``seg_map_path``, ``id_format`` ('cityscapes' or 'coco'); for 'coco' also
    ``segments``. Optional: ``img`` (its size is compared), ``classes`` (default: the 19).

    Added keys: ``gt_seg_map`` (H, W) uint16, ``segments`` list of :class:`Segment`.

    Raises:
        ValueError: The map's size is not the image's, it holds an unknown id, or ``id_format`` is
            unknown.
        OSError: The file is missing, empty or truncated.
    """

    def transform(self, results: dict) -> dict:
        """Load the map. See the class."""
        path = results.get("seg_map_path")
        if path is None:
            return results
        image = results.get("img")
        ids, segments = read_true_segments(
            results,
            results.get("classes", CITYSCAPES_CLASSES),
            None if image is None else image.shape[:2],
        )
        results["gt_seg_map"] = to_segment_map(ids, segments, path)
        results["segments"] = segments
        return results


def to_segment_map(ids: np.ndarray, segments: list[Segment], source: str = "id map") -> np.ndarray:
    """Replace each id by ``FIRST_SEGMENT`` + the index of its segment, and other ids by 0.

    Args:
        ids: Raw ids, (H, W) int32.
        segments: Segments; those that do not occur in ``ids`` are fine.
        source: Name of the map for error messages.

    Returns:
        Segment map, (H, W) uint16.

    Raises:
        ValueError: There are more segments than 16 bits can tell apart.
    """
    check_segment_count(len(segments), source)
    size = max((segment.id for segment in segments), default=0)
    # Zeros, not 255: untouched pages of a table for 24-bit ids then cost nothing.
    table = np.zeros(max(size, int(ids.max(initial=0))) + 1, dtype=np.uint16)
    for index, segment in enumerate(segments):
        table[segment.id] = FIRST_SEGMENT + index
    return table.take(ids)  # faster than table[ids]


def check_segment_count(count: int, source: str) -> None:
    """Raise if a segment map cannot hold so many segments.

    Args:
        count: Number of segments of one image.
        source: What an error names.

    Raises:
        ValueError: There are more than 16 bits can tell apart.
    """
    if count > _MAX_SEGMENTS:
        raise ValueError(
            f"{source}: expected at most {_MAX_SEGMENTS} segments in one image, got {count}. "
            f"Split the image."
        )
