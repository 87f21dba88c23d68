"""Make boxes, masks, semantic and panoptic map agree at every pixel, whatever moved them.

Shape letters: N instances, H×W network input.
"""

import cv2
import numpy as np
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.structures.mask import BitmapMasks

from mmhps.structures import VOID, encode

IMAGE_ONLY = (
    "Mosaic, MixUp, RandomAffine, RandomShift and Albu without gt_seg_map in its keymap do not "
    "move all of the ground truth: leave them out, or use PanopticMosaic, RandomCrop, Rotate or "
    "CopyPaste."
)
_SLACK = 4.0  # pixels by which rounding may move a box


def agree(results: dict) -> dict:
    """Settle the ground truth by the masks, and make the panoptic map.

    What filters took away makes no instance; where masks were pasted, the semantic map gets their
    class. A pixel belongs to the last mask that covers it.

    Args:
        results: ``img``, ``gt_masks``, ``gt_bboxes``, ``gt_bboxes_labels``, ``gt_ignore_flags``,
            ``gt_seg_map`` (semantic, (H, W) uint8) and ``thing_classes``.

    Returns:
        The results with these keys anew: masks without overlap and without empty ones, tight boxes,
        and ``gt_panoptic_seg``, (H, W) int64. Stuff: its label. The g-th instance that is not
        ignored: ``label + 1000 * (g + 1)``. Else 255, also where a thing has no mask.

    Raises:
        ValueError: Image, maps, masks or boxes were not moved alike.
    """
    labels = np.asarray(results["gt_bboxes_labels"], dtype=np.int64)
    ignored = np.asarray(results["gt_ignore_flags"], dtype=bool)
    masks = np.ascontiguousarray(results["gt_masks"].to_ndarray(), dtype=np.uint8)
    _check_shapes(results, masks, len(labels))
    masks, boxes = _without_overlap(masks, results)
    kept = boxes[:, 2] > boxes[:, 0]
    if not kept.all():
        masks, boxes, labels, ignored = masks[kept], boxes[kept], labels[kept], ignored[kept]
    semantic = results["gt_seg_map"].astype(np.uint8)
    table = np.arange(VOID + 1)
    table[: len(results["thing_classes"])] = VOID
    panoptic = table.take(semantic)
    numbers = np.cumsum(~ignored)
    ids = np.where(ignored, VOID, encode(labels, numbers))
    for mask, label, one, (x1, y1, x2, y2) in zip(masks, labels, ids, boxes, strict=True):
        window = slice(y1, y2), slice(x1, x2)
        np.copyto(semantic[window], label, where=mask[window] != 0, casting="unsafe")
        np.copyto(panoptic[window], one, where=mask[window] != 0)
    return results | dict(
        gt_bboxes=HorizontalBoxes(boxes.astype(np.float32)),
        gt_bboxes_labels=labels,
        gt_ignore_flags=ignored,
        gt_masks=BitmapMasks(masks, *semantic.shape),
        gt_seg_map=semantic,
        gt_panoptic_seg=panoptic,
    )


def _check_shapes(results: dict, masks: np.ndarray, count: int) -> None:
    shape = results["img"].shape[:2]
    for name, found in (("gt_seg_map", results["gt_seg_map"].shape), ("gt_masks", masks.shape[1:])):
        if found != shape:
            raise ValueError(
                f"{name}: expected the shape of the image, {shape}, got {found}. A transform moves "
                f"one without the other. {IMAGE_ONLY}"
            )
    if not len(masks) == len(results["gt_bboxes"]) == len(results["gt_ignore_flags"]) == count:
        raise ValueError(
            f"gt_masks: expected one for each of the {count} gt_bboxes_labels, got {len(masks)}, "
            f"and {len(results['gt_bboxes'])} gt_bboxes. A transform changes one without the "
            f"other. {IMAGE_ONLY}"
        )


def _without_overlap(masks: np.ndarray, results: dict) -> tuple[np.ndarray, np.ndarray]:
    """Cut from each mask what later ones cover; return the masks and tight boxes (N, 4) int64.

    The box of an empty mask is 0, 0, 0, 0.
    """
    boxes = np.array([_tight_box(mask) for mask in masks], dtype=np.int64).reshape(-1, 4)
    _check_boxes(boxes, results["gt_bboxes"])
    taken = np.zeros(masks.shape[1:], dtype=bool)
    for index in range(len(masks) - 1, -1, -1):
        x1, y1, x2, y2 = boxes[index]
        window = slice(y1, y2), slice(x1, x2)
        mine, covered = masks[index][window] != 0, taken[window]
        if (mine & covered).any():
            masks = masks.copy() if masks is results["gt_masks"].masks else masks
            masks[index][window] = mine & ~covered
            boxes[index] = _tight_box(masks[index])
        covered |= mine
    return masks, boxes


def _tight_box(mask: np.ndarray) -> tuple[int, int, int, int]:
    x, y, width, height = cv2.boundingRect(mask)  # scans far faster than NumPy
    return (x, y, x + width, y + height) if width else (0, 0, 0, 0)


def _check_boxes(tight: np.ndarray, boxes: HorizontalBoxes) -> None:
    """Raise if boxes left their masks: then a transform moved the image and the boxes only."""
    given = np.asarray(getattr(boxes, "tensor", boxes), dtype=np.float64).reshape(-1, 4)
    slack = np.maximum(_SLACK, 0.1 * (given[:, 2:] - given[:, :2]))
    beyond = (tight[:, :2] < given[:, :2] - slack) | (tight[:, 2:] > given[:, 2:] + slack)
    beyond &= (tight[:, 2:] > tight[:, :2]).all(axis=1, keepdims=True)
    if beyond.any():
        index = int(beyond.any(axis=1).argmax())
        raise ValueError(
            f"gt_bboxes: box {index} {given[index].tolist()} is not around its mask, which is at "
            f"{tight[index].tolist()}. A transform moves one without the other. {IMAGE_ONLY}"
        )
