"""The fusion with operations that can be exported: which segment wins each pixel.

Shapes: T thing and S stuff classes, N instances, K claims, h x w semantic logits, H x W output, O
classes that compete.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from mmhps.functional import agreement, stuff_log_probabilities
from mmhps.models.fusion_heads import (
    DifferentiableFusionHead,
    EfficientPSFusionHead,
    FusionHead,
    HeuristicMergeHead,
)

from .claims import Claims
from .operators import labelled
from .preprocessing import Size

__all__ = ["FUSIONS", "SemanticMap", "class_order", "interpolated", "unsure_stuff", "winners"]

FUSIONS = (DifferentiableFusionHead, EfficientPSFusionHead, HeuristicMergeHead)
"""The fusion heads that can be exported."""

_BLOCK = 2**15
"""Pixels whose logits are computed at once: so many stay in the cache of a processor."""


class SemanticMap(NamedTuple):
    """Semantic logits with the columns of the output, and the rows of the network.

    Interpolation along an axis is a product with a thin matrix, which runtimes are faster at than
    at reading neighbours one by one. That of the rows is left to whoever needs their pixels, so
    that the logits never exist at the size of the output.
    """

    values: Tensor
    """(C, h, W)."""
    before: Tensor
    """(H,) int64, the row of ``values`` before each row of the output, from 0 to h - 2."""
    behind: Tensor
    """(H, 1), how far it lies behind that one, 0..1."""

    def labels(self, order: Tensor) -> Tensor:
        """(H * W,) int64 in 0..O-1: the highest of the classes ``order``, of equals the first."""
        _, cells, width = self.values.shape
        rows = _weights(self.before, self.behind, cells)
        natural = len(order) == self.values.shape[0] and order.tolist() == list(range(len(order)))
        values = self.values if natural else self.values[order]
        block = (_BLOCK / torch.as_tensor(width)).long().clamp(min=1).reshape(1)
        return labelled(values, rows, self.before, block)

    def at(self, pixel: Tensor, label: Tensor | None = None) -> Tensor:
        """The logits (C, K) at K pixels of the flat output, or (K,) those of one class for each."""
        width = torch.as_tensor(self.values.shape[2])
        row = torch.div(pixel, width, rounding_mode="trunc")
        # From the output's row to that before it, in the same column.
        place = pixel + (self.before[row] - row) * width
        if label is None:
            values = self.values.flatten(1)
            low, high = values[:, place], values[:, place + width]
        else:
            place = place + label * (self.values.shape[1] * width)
            low, high = self.values.flatten()[place], self.values.flatten()[place + width]
        return torch.lerp(low, high, self.behind.flatten()[row])


def interpolated(values: Tensor, size: Size, shown: Size, padded: Size) -> SemanticMap:
    """Semantic logits at the size of the output: :func:`mmhps.functional.resampled`.

    Args:
        values: (C, h, w), covering the padded input of the network.
        size: (H, W) of the output.
        shown: Size of the image within the padded input.
        padded: Size of the padded input.
    """
    rows, columns = (
        _places(*axis) for axis in zip(size, values.shape[1:], shown, padded, strict=True)
    )
    before, behind = rows
    # As far as the image is shown. One row more, so that there is always a next one.
    values = torch.cat([values, values[:, -1:]], dim=1)[:, : before[-1] + 2]
    return SemanticMap(values @ _weights(*columns, values.shape[2]).T, before, behind)


def _weights(before: Tensor, behind: Tensor, cells: int) -> Tensor:
    """(L, cells) bilinear weights of cells in L pixels."""
    cell = torch.arange(torch.as_tensor(cells))
    last = torch.as_tensor(cells) - 1
    after = torch.minimum(before + 1, last)
    at = cell == before[:, None], cell == after[:, None]
    return torch.where(at[0], 1 - behind, 0.0) + torch.where(at[1], behind, 0.0)


def _places(length: Tensor, cells: int, shown: Tensor, padded: Tensor) -> tuple[Tensor, Tensor]:
    """For each pixel the cell before it (length,), and how far it lies behind it (length, 1)."""
    last = torch.as_tensor(cells) - 1
    centre = torch.arange(length).double() + 0.5
    share = shown.double() / padded.double()
    place = (centre * (share * cells / length) - 0.5).clamp(min=0)
    place = torch.minimum(place, last.double())
    before = place.long()
    return before, (place - before).float()[:, None]


def unsure_stuff(
    head: FusionHead, values: Tensor, size: Size, shown: Size, padded: Size
) -> Tensor | None:
    """Which stuff classes the semantic branch is not sure of; None if that does not matter.

    The rule is that of :func:`mmhps.functional.class_confidence`; for the arguments see
    :func:`interpolated`.

    Returns:
        (S,) bool.
    """
    threshold = head.test_cfg.get("stuff_score_thr", 0.0)
    if not threshold:
        return None
    height, width = (
        _places(*axis)[0][-1] + 1
        for axis in zip(size, values.shape[1:], shown, padded, strict=True)
    )
    values = values[:, :height, :width].flatten(1)
    highest, label = values.max(dim=0)
    probability = (highest - values.logsumexp(dim=0)).exp()
    empty = torch.zeros_like(values[:, 0])
    total = empty.scatter_add(0, label, probability)
    count = empty.scatter_add(0, label, torch.ones_like(probability)).clamp(min=1)
    return (total / count)[head.num_things_classes :] < threshold


def class_order(head: FusionHead) -> Tensor:
    """The classes that compete for the stuff of a pixel, (O,) int64; where a thing wins it is void.

    Of equal classes the first one wins: a thing in the fusion of HPS, stuff in the heuristic one.
    """
    things, classes = head.num_things_classes, head.num_classes
    thing, stuff = torch.arange(things), torch.arange(things, classes)
    if not head.num_stuff_classes:
        return thing
    if not (head.void_things and things):
        return stuff
    heuristic = isinstance(head, HeuristicMergeHead)
    return torch.cat([stuff, thing] if heuristic else [thing, stuff])


def winners(
    head: FusionHead,
    claims: Claims,
    labels: Tensor,
    scores: Tensor,
    keep: Tensor,
    semantic: SemanticMap,
) -> Tensor:
    """Decide each pixel as :meth:`mmhps.models.fusion_heads.FusionHead.decide` does.

    Args:
        head: One of :data:`FUSIONS`.
        claims: Of N instances.
        labels: (N,).
        scores: (N,).
        keep: (N,) bool; the others claim nothing.
        semantic: Logits of T + S classes.

    Returns:
        (H * W,) int64: positions in :func:`class_order`, or n - N for instance n.
    """
    order = class_order(head)
    winner = semantic.labels(order)
    value = _competing(head, claims, labels, scores, semantic)
    value = torch.where(keep[claims.owner], value, -torch.inf)
    best = torch.full_like(winner, -torch.inf, dtype=value.dtype)
    best = best.scatter_reduce(0, claims.pixel, value, "amax")
    highest = (value == best[claims.pixel]) & (value > -torch.inf)
    # What does not win takes a number above all others, because the lowest one is kept.
    number, none = claims.owner - labels.shape[0], torch.as_tensor(len(order))
    sure = value > 0 if _stuff_is_negative(head) else torch.zeros_like(highest)
    candidate = torch.where(highest & sure, number, none)
    if not _stuff_is_below_all(head):
        unsure = (highest & ~sure).nonzero().flatten()
        logits = semantic.at(claims.pixel[unsure])
        won = value[unsure] > _stuff_values(head, logits).amax(dim=0)
        candidate = candidate.scatter(0, unsure, torch.where(won, number[unsure], none))
    return winner.scatter_reduce(0, claims.pixel, candidate, "amin")


def _competing(
    head: FusionHead, claims: Claims, labels: Tensor, scores: Tensor, semantic: SemanticMap
) -> Tensor:
    """The value of each claim, (K,)."""
    if isinstance(head, HeuristicMergeHead):
        return torch.where(claims.value > 0, torch.inf, -torch.inf)
    value = head.mask_scale * claims.value
    if isinstance(head, EfficientPSFusionHead):
        return agreement(value, semantic.at(claims.pixel, labels[claims.owner]))
    return value + (head.score_weight * scores.clamp(min=1e-6).log())[claims.owner]


def _stuff_is_below_all(head: FusionHead) -> bool:
    """Whether instances above 0 win everywhere, and no others."""
    return not head.num_stuff_classes or isinstance(head, HeuristicMergeHead)


def _stuff_is_negative(head: FusionHead) -> bool:
    """Whether no stuff is above 0, as log-probabilities are: few claims are left to compare."""
    return _stuff_is_below_all(head) or getattr(head, "stuff_values", "logits") != "logits"


def _stuff_values(head: FusionHead, logits: Tensor) -> Tensor:
    """(S, K) what instances are compared with, from the logits (T + S, K)."""
    things = head.num_things_classes
    if _stuff_is_negative(head):
        return stuff_log_probabilities(logits, things)
    return logits[things:]
