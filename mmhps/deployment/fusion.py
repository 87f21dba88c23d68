"""The fusion with operations that can be exported: which segment wins each pixel.

Shapes: T thing and S stuff classes, N instances, K claims, h x w semantic logits, H x W output.
"""

from __future__ import annotations

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
from .preprocessing import Size

__all__ = ["FUSIONS", "interpolated", "unsure_stuff", "winners"]

FUSIONS = (DifferentiableFusionHead, EfficientPSFusionHead, HeuristicMergeHead)
"""The fusion heads that can be exported."""


def interpolated(values: Tensor, size: Size, shown: Size, padded: Size) -> Tensor:
    """Semantic logits at the size of the output: :func:`mmhps.functional.resampled`.

    Interpolation along an axis is a product with a thin matrix, which runtimes are faster at than
    at reading neighbours one by one.

    Args:
        values: (C, h, w), covering the padded input of the network.
        size: (H, W) of the output.
        shown: Size of the image within the padded input.
        padded: Size of the padded input.

    Returns:
        (C, H * W).
    """
    rows, columns = (
        _weights(*axis) for axis in zip(size, values.shape[1:], shown, padded, strict=True)
    )
    return (rows @ (values @ columns.T)).flatten(1)


def _weights(length: Tensor, cells: int, shown: Tensor, padded: Tensor) -> Tensor:
    """(length, cells) bilinear weights of pixels in the shown part of some cells."""
    before, behind = _places(length, cells, shown, padded)
    last = torch.as_tensor(cells) - 1
    cell = torch.arange(last + 1)
    at = cell == before[:, None], cell == torch.minimum(before + 1, last)[:, None]
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


def winners(
    head: FusionHead, claims: Claims, labels: Tensor, scores: Tensor, keep: Tensor, logits: Tensor
) -> Tensor:
    """Decide each pixel as :meth:`mmhps.models.fusion_heads.FusionHead.decide` does.

    Args:
        head: One of :data:`FUSIONS`.
        claims: Of N instances.
        labels: (N,).
        scores: (N,).
        keep: (N,) bool; the others claim nothing.
        logits: (T + S, H * W) semantic logits.

    Returns:
        (H * W,) int64: 0..S-1 for stuff, S + n for instance n, S + N for void.
    """
    number = torch.as_tensor(labels.shape[0])
    stuff = _stuff_winner(head, logits, head.num_stuff_classes + number)
    value = _competing(head, claims, labels, scores, logits)
    value = torch.where(keep[claims.owner], value, -torch.inf)
    best = torch.full_like(logits[0], -torch.inf).scatter_reduce(0, claims.pixel, value, "amax")
    first = torch.where(value == best[claims.pixel], claims.owner, number)
    owner = (torch.zeros_like(stuff) + number).scatter_reduce(0, claims.pixel, first, "amin")
    return torch.where(_beats_stuff(head, best, logits), head.num_stuff_classes + owner, stuff)


def _competing(
    head: FusionHead, claims: Claims, labels: Tensor, scores: Tensor, logits: Tensor
) -> Tensor:
    """The value of each claim, (K,)."""
    if isinstance(head, HeuristicMergeHead):
        return torch.where(claims.value > 0, torch.inf, -torch.inf)
    value = head.mask_scale * claims.value
    if isinstance(head, EfficientPSFusionHead):
        index = labels[claims.owner] * logits.shape[1] + claims.pixel
        return agreement(value, logits.flatten()[index])
    return value + (head.score_weight * scores.clamp(min=1e-6).log())[claims.owner]


def _stuff_winner(head: FusionHead, logits: Tensor, void: Tensor) -> Tensor:
    """(H * W,) int64, the most likely stuff class 0..S-1, or void where a thing is more likely."""
    things = head.num_things_classes
    if not head.num_stuff_classes:
        return torch.zeros_like(logits[0], dtype=torch.int64) + void
    if not (head.void_things and things):
        return logits[things:].argmax(dim=0)
    if isinstance(head, HeuristicMergeHead):
        best, winner = logits[things:].max(dim=0)
        return torch.where(logits[:things].amax(dim=0) > best, void, winner)
    # Of equal classes the first one, so that a thing wins against stuff.
    winner = logits.argmax(dim=0) - things
    return torch.where(winner < 0, void, winner)


def _beats_stuff(head: FusionHead, best: Tensor, logits: Tensor) -> Tensor:
    """(H * W,) bool, where the highest instance is above all stuff."""
    things = head.num_things_classes
    if not head.num_stuff_classes or isinstance(head, HeuristicMergeHead):
        return best > 0
    if getattr(head, "stuff_values", "logits") == "logits":
        return best > logits[things:].amax(dim=0)
    # Log-probabilities are at most 0, so that few pixels are left to compare.
    open_ = ((best <= 0) & (best > -torch.inf)).nonzero().flatten()
    stuff = stuff_log_probabilities(logits[:, open_], things).amax(dim=0)
    won = (best[open_] > stuff).long()
    return (best > 0).long().scatter(0, open_, won) > 0
