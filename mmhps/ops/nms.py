"""Greedy non-maximum suppression in torch, as exact as mmcv's and several times faster on a CPU.

Few of all pairs of boxes overlap. Two boxes whose IoU is above t overlap along each axis by more
than t times the longer side, so that with boxes sorted along one axis the candidates of a box are
the few that start behind it within (1 - t) times its length. Their IoUs are computed with mmcv's
operations in mmcv's order, and with them the very same decisions are taken.

Shapes: N boxes, K of which are kept; P pairs.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

__all__ = ["greedy_nms"]

_CHUNK = 2**18
"""Pairs that are compared at a time: they stay in the cache, and memory stays bounded."""

_MANY = 2**19
"""Pairs above which the best boxes go first, which spares the pairs of what they suppress."""

_FEW = 512
"""Boxes that are not divided any further."""

_MARGIN = 1e-4
"""Share of a side by which windows are longer than needed: more than rounding can amount to."""


def greedy_nms(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int = 0) -> Tensor:
    """Keep each box that overlaps no kept box of a higher score by more than a threshold.

    The result is that of ``mmcv.ops.nms``, degenerate boxes and boxes that are not finite included:
    their IoU with any box is 0 or undefined, so they are kept and suppress nothing. A score of nan
    ranks above all others.

    Args:
        boxes: (N, 4) floating point as x1, y1, x2, y2; half precision is computed in float32.
        scores: (N,).
        iou_threshold: Largest IoU of two boxes that are both kept, at least 0.
        offset: What is added to x2 - x1 and y2 - y1 for the sides of a box, 0 or 1.

    Returns:
        (K,) int64 indices of the boxes that are kept, by falling score.

    Raises:
        ValueError: The shapes do not fit, or an argument is out of range.
    """
    if boxes.dim() != 2 or boxes.shape[1] != 4 or scores.shape != boxes.shape[:1]:
        raise ValueError(
            f"expected boxes of shape (N, 4) and scores of shape (N,), got {tuple(boxes.shape)} "
            f"and {tuple(scores.shape)}"
        )
    if offset not in (0, 1):
        raise ValueError(f"offset must be 0 or 1, got {offset}")
    if not iou_threshold >= 0:
        raise ValueError(f"iou_threshold must be at least 0, got {iou_threshold}")
    # The very call of mmcv: what it makes of equal scores depends on nothing but the scores.
    order = scores.detach().sort(0, descending=True)[1]
    precise = torch.promote_types(boxes.dtype, torch.float32)
    ranked = _Boxes.of(boxes.detach().to(precise)[order], offset)
    comparable = ranked.comparable().nonzero().flatten()
    keep = torch.ones_like(order, dtype=torch.bool)
    # Compared in the precision of the boxes, as in mmcv: 0.7 is not the same in float32.
    threshold = torch.tensor(iou_threshold, dtype=precise).item()
    keep[comparable] = _greedy(ranked[comparable], threshold)
    return order[keep]


class _Boxes:
    """N boxes as columns; their areas are computed as mmcv does it."""

    def __init__(self, columns: Tensor, offset: int) -> None:
        self.columns, self.offset = columns, offset
        self.x1, self.y1, self.x2, self.y2, self.width, self.height, self.area = columns

    @classmethod
    def of(cls, boxes: Tensor, offset: int) -> _Boxes:
        """Boxes from their corners (N, 4)."""
        x1, y1, x2, y2 = boxes.unbind(1)
        width, height = x2 - x1 + offset, y2 - y1 + offset
        return cls(torch.stack([x1, y1, x2, y2, width, height, width * height]), offset)

    def __len__(self) -> int:
        return self.columns.shape[1]

    def __getitem__(self, index: Tensor | slice) -> _Boxes:
        return _Boxes(self.columns[:, index], self.offset)

    def transposed(self) -> _Boxes:
        """The boxes with x and y exchanged."""
        return _Boxes(self.columns[[1, 0, 3, 2, 5, 4, 6]], self.offset)

    def comparable(self) -> Tensor:
        """(N,) whether the IoU with another box can be above 0."""
        return (self.width > 0) & (self.height > 0) & (self.area > 0) & self.area.isfinite()

    def least(self, sides: Tensor, threshold: float) -> Tensor:
        """(N,) the length along each side that any box of a larger IoU has in common with it."""
        share = max(threshold - _MARGIN, 0)
        # Areas below the normal numbers are too coarse for a bound.
        coarse = self.area < torch.finfo(self.area.dtype).tiny * 2**24
        return torch.where(coarse, 0, share * sides)


class _Windows:
    """For each of N boxes the run of those among M others that begin within its reach along x.

    Args:
        boxes: N boxes.
        others: M boxes; None compares the boxes among themselves, each pair once.
        threshold: The IoU above which a pair counts.
    """

    def __init__(self, boxes: _Boxes, others: _Boxes | None, threshold: float) -> None:
        self._threshold = threshold
        start, self._i = boxes.x1.double().sort()
        self._boxes = boxes[self._i]
        reach = self._boxes.width - self._boxes.least(self._boxes.width, threshold)
        stop = start + reach.double() + _MARGIN * boxes.offset
        if others is None:
            self._others, self._j = self._boxes, self._i
            self._first = torch.arange(1, len(boxes) + 1, device=start.device)
            last = torch.searchsorted(start, stop, right=True)
        else:
            starts, self._j = others.x1.double().sort()
            self._others = others[self._j]
            self._first = torch.searchsorted(starts, start)
            last = torch.searchsorted(starts, stop, right=True)
        self._count = last - self._first
        self.pairs = int(self._count.sum())

    def overlapping(self) -> Iterator[Tensor]:
        """Pairs (2, P) of a box and another one whose IoU is above the threshold, in portions."""
        portion = self._count.cumsum(0) // _CHUNK
        first = 0
        for size in portion.unique_consecutive(return_counts=True)[1].tolist():
            yield self._overlapping(slice(first, first + size))
            first += size

    def _overlapping(self, some: slice) -> Tensor:
        boxes, others, count = self._boxes[some], self._others, self._count[some]
        bounds = count.cumsum(0)
        total = int(bounds[-1])
        i = torch.arange(len(boxes), device=count.device).repeat_interleave(
            count, output_size=total
        )
        j = torch.arange(total, device=count.device) + (self._first[some] - bounds + count)[i]
        # First the other axis alone, which leaves few.
        height = torch.minimum(boxes.y2[i], others.y2[j]) - torch.maximum(boxes.y1[i], others.y1[j])
        height += boxes.offset
        near = (height > boxes.least(boxes.height, self._threshold)[i]).nonzero().flatten()
        i, j, height = i[near], j[near], height[near]
        width = torch.minimum(boxes.x2[i], others.x2[j]) - torch.maximum(boxes.x1[i], others.x1[j])
        width = (width + boxes.offset).clamp(min=0)
        inter = width * height
        above = inter / (boxes.area[i] + others.area[j] - inter) > self._threshold
        return torch.stack([self._i[some][i[above]], self._j[j[above]]])


def _greedy(ranked: _Boxes, threshold: float) -> Tensor:
    """(N,) bool, which boxes are kept of some that come by rank."""
    turned = ranked.transposed()
    windows, turned_windows = (_Windows(boxes, None, threshold) for boxes in (ranked, turned))
    if turned_windows.pairs < windows.pairs:
        ranked, windows = turned, turned_windows
    if windows.pairs > _MANY and len(ranked) > _FEW:
        return _greedy_in_parts(ranked, threshold)
    pairs = torch.cat([*windows.overlapping(), ranked.columns.new_zeros(2, 0).long()], dim=1)
    return _in_turn(len(ranked), pairs.cpu()).to(pairs.device)


def _greedy_in_parts(ranked: _Boxes, threshold: float) -> Tensor:
    """The same: first the better boxes, then what these leave of the rest."""
    part = len(ranked) // 4
    best, rest = ranked[:part], ranked[part:]
    kept = _greedy(best, threshold)
    left = kept.new_ones(len(rest))
    best = best[kept]
    # Of a pair, either box may begin first.
    for _, j in _Windows(best, rest, threshold).overlapping():
        left[j] = False
    for i, _ in _Windows(rest, best, threshold).overlapping():
        left[i] = False
    left[left.clone()] = _greedy(rest[left], threshold)
    return torch.cat([kept, left])


def _in_turn(total: int, pairs: Tensor) -> Tensor:
    """(N,) bool, which boxes are left if each that is left removes its partners of lower rank.

    Args:
        total: N.
        pairs: (2, P) ranks, 0 for the best box, on the CPU.
    """
    better, order = pairs.amin(dim=0).sort()
    worse = pairs.amax(dim=0)[order].numpy()
    kept = torch.ones(total, dtype=torch.bool)
    left = kept.numpy()
    ranks, counts = better.unique_consecutive(return_counts=True)
    stops = counts.cumsum(0)
    for rank, start, stop in zip(*map(Tensor.tolist, (ranks, stops - counts, stops)), strict=True):
        if left[rank]:
            left[worse[start:stop]] = False
    return kept
