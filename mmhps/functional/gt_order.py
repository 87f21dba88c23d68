"""The ground-truth order of section 3.1: which canvas stands for which ground-truth instance.

Shapes: N instances, G ground-truth instances, S stuff classes, T thing classes, H x W pixels.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from mmhps.structures import INSTANCE_OFFSET, VOID

__all__ = [
    "ground_truth_order",
    "ignore_uncovered",
    "match_instances",
    "panoptic_target",
    "shrink_ids",
]


def match_instances(
    iou: Tensor, labels: Tensor, gt_labels: Tensor, iou_threshold: float = 0.5
) -> Tensor:
    """Match detections one-to-one to ground-truth instances of their own class, greedily.

    Args:
        iou: (N, G) overlaps, detections sorted by falling score.
        labels: (N,) classes of the detections.
        gt_labels: (G,) classes of the ground truth.
        iou_threshold: An overlap must exceed it.

    Returns:
        (N,) int64: the ground-truth index of each detection, -1 for a false detection.
    """
    overlap = torch.where(labels[:, None] == gt_labels[None, :], iou, iou.new_zeros(())).cpu()
    gt_inds = torch.full((len(labels),), -1, dtype=torch.long)
    if overlap.numel():
        for n, row in enumerate(overlap):
            best = int(row.argmax())
            if row[best] > iou_threshold:
                gt_inds[n] = best
                overlap[:, best] = -1
    return gt_inds.to(labels.device)


def ground_truth_order(gt_inds: Tensor, num_gt: int) -> tuple[Tensor, Tensor]:
    """Reorder instances to the order of the ground truth.

    Slots 0, 1, ... belong to the ground-truth instances that were found, in their order; the slots
    after them to the instances that match none. Instances of one ground truth share its slot.

    Args:
        gt_inds: (N,) int64 ground-truth index of each instance, -1 for none.
        num_gt: G.

    Returns:
        ``slots`` (N,) int64, the slot of each instance, and ``lookup`` (G,) int64, the ground-truth
        instance-id lookup table: the slot of each ground-truth instance, -1 where none was found.
    """
    matched = gt_inds >= 0
    found = torch.zeros(num_gt, dtype=torch.bool, device=gt_inds.device)
    found[gt_inds[matched]] = True
    lookup = torch.where(found, found.cumsum(0) - 1, -1)
    slots = found.sum() + (~matched).cumsum(0) - 1
    slots[matched] = lookup[gt_inds[matched]]
    return slots, lookup


def shrink_ids(ids: Tensor, padded: tuple[int, int], size: tuple[int, int]) -> Tensor:
    """Pad an id map with void and sample it at the centres of larger pixels.

    Args:
        ids: (H, W) integer ids below 2 ** 24.
        padded: Size of the padded map.
        size: (h, w).

    Returns:
        (h, w) int64.
    """
    height, width = ids.shape
    ids = F.pad(ids, (0, padded[1] - width, 0, padded[0] - height), value=VOID)
    # Nearest neighbours of float32 are exact for these ids.
    return F.interpolate(ids[None, None].float(), size, mode="nearest-exact")[0, 0].long()


def panoptic_target(
    gt_panoptic: Tensor,
    lookup: Tensor,
    num_things: int,
    num_stuff: int,
    ignore_index: int = -100,
    unknown: int | None = None,
) -> Tensor:
    """The channel of ``[stuff logits, canvases]`` that each pixel should choose.

    Args:
        gt_panoptic: (H, W) integer ids: the label (T..T+S-1) for stuff, ``label + 1000 * (g + 1)``
            for ground-truth instance g, anything else (void, crowd) is ignored.
        lookup: (G,) slot of each ground-truth instance among the canvases, -1 for none.
        num_things: T.
        num_stuff: S.
        ignore_index: Value of ignored pixels.
        unknown: Value of the pixels of things without a canvas; they are ignored if None.

    Returns:
        (H, W) int64: 0..S-1 stuff, S + slot for things, ``ignore_index`` otherwise.
    """
    ids = gt_panoptic.long()
    is_stuff = (ids >= num_things) & (ids < num_things + num_stuff)
    # Entry 0 of the table is "not an instance"; instance g stands at g + 1.
    table = torch.cat([lookup.new_full((1,), -1), lookup])
    instance = (ids // INSTANCE_OFFSET).clamp(min=0)
    slot = table[instance.masked_fill(instance > len(lookup), 0)]
    target = torch.where(slot >= 0, num_stuff + slot, slot.new_tensor(ignore_index))
    if unknown is not None:
        is_thing = (ids >= 0) & (ids % INSTANCE_OFFSET < num_things)
        target = target.masked_fill(is_thing & (slot < 0), unknown)
    return torch.where(is_stuff, ids - num_things, target)


def ignore_uncovered(
    target: Tensor, cover: Tensor, num_stuff: int, ignore_index: int = -100
) -> Tensor:
    """Ignore the pixels of instances that lie outside of their predicted boxes.

    No canvas can win them, so they would only push the stuff logits down.

    Args:
        target: (H, W) from :func:`panoptic_target`; values above S + K - 1 stay as they are.
        cover: (K, H, W) bool, the pixels inside the box of each slot.
        num_stuff: S.
        ignore_index: Value of ignored pixels.

    Returns:
        (H, W) int64.
    """
    if not len(cover):
        return target
    slot = target - num_stuff
    is_instance = (slot >= 0) & (slot < len(cover))
    covered = cover.gather(0, slot.clamp(0, len(cover) - 1)[None])[0]
    return target.masked_fill(is_instance & ~covered, ignore_index)
