"""Load an id map in a form that survives MMDetection's geometric transforms."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from mmhps.datasets.id_maps import (
    CITYSCAPES_CLASSES,
    Segment,
    cityscapes_segments,
    read_cityscapes_ids,
    read_rgb_ids,
    unique_ids,
)

FIRST_SEGMENT = 256
"""Pixel value of the first segment in a segment map; every smaller value is void.

MMDetection's transforms fill new pixels of a segmentation map with 255, so that has to be void.
"""
_MAX_SEGMENTS = np.iinfo(np.uint16).max + 1 - FIRST_SEGMENT


@TRANSFORMS.register_module()
class LoadPanopticIds(BaseTransform):
    """Load the id map of an image as a compact *segment map*.

    ``gt_seg_map`` becomes (H, W) uint16: pixel value ``256 + k`` is ``segments[k]``, a smaller
    value is void. Raw ids would not do: OpenCV warps no int32, and the 255 of padding can be a
    segment id. Resize, RandomFlip, RandomCrop and Pad then move this map (nearest neighbour) like
    any segmentation map; ``PanopticIdsToInstances`` derives everything else from it afterwards.

    Without ground truth (``seg_map_path`` None or not there) nothing happens.

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
        ids, segments = _read(path, results)
        image = results.get("img")
        if image is not None and image.shape[:2] != ids.shape:
            raise ValueError(
                f"{path}: the label map is {ids.shape[1]}x{ids.shape[0]} pixels but its image "
                f"{results.get('img_path')} is {image.shape[1]}x{image.shape[0]}. Both must have "
                f"the same size, and LoadPanopticIds must stand before Resize and crops."
            )
        results["gt_seg_map"] = to_segment_map(ids, segments, path)
        results["segments"] = segments
        return results


def _read(path: str, results: dict) -> tuple[np.ndarray, list[Segment]]:
    """Read ids (H, W) int32 and segments in the file format that ``results`` names."""
    if results.get("id_format") == "cityscapes":
        ids = read_cityscapes_ids(path)
        return ids, cityscapes_segments(ids, results.get("classes", CITYSCAPES_CLASSES), path)
    if results.get("id_format") != "coco":
        raise ValueError(
            f"id_format: expected 'cityscapes' or 'coco', got {results.get('id_format')!r}. Use "
            f"CityscapesPanopticDataset or CocoPanopticIdDataset."
        )
    ids, segments = read_rgb_ids(path), results["segments"]
    unknown = sorted(set(unique_ids(ids)) - {segment.id for segment in segments} - {0})
    if unknown:
        raise ValueError(
            f"{path}: segment ids {unknown[:5]} have no entry in segments_info. The PNG and the "
            f'annotation file do not belong together: check data_prefix["seg"] and ann_file.'
        )
    return ids, segments


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
    if len(segments) > _MAX_SEGMENTS:
        raise ValueError(
            f"{source}: expected at most {_MAX_SEGMENTS} segments in one image, got "
            f"{len(segments)}. Split the image."
        )
    size = max((segment.id for segment in segments), default=0)
    # Zeros, not 255: untouched pages of a table for 24-bit ids then cost nothing.
    table = np.zeros(max(size, int(ids.max(initial=0))) + 1, dtype=np.uint16)
    for index, segment in enumerate(segments):
        table[segment.id] = FIRST_SEGMENT + index
    return table.take(ids)  # faster than table[ids]
