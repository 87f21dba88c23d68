"""From the winner of each pixel to the segments of an image.

Shapes: T thing and S stuff classes, N instances, J = S + N + 1 names, K segments, H x W output.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from mmhps.structures import encode

from .detection import Detections
from .operators import bincount, picked
from .preprocessing import Size

__all__ = [
    "OUTPUTS",
    "Segments",
    "described",
    "doubtful_stuff",
    "enlarged",
    "segment_names",
]


class Segments(NamedTuple):
    """The outputs of the graph; those after the map have a row for each of the K segments."""

    panoptic_ids: Tensor
    """(H, W) int32 panoptic map; void is T + S."""
    ids: Tensor
    """(K,) int32, the value of each segment in the map."""
    labels: Tensor
    """(K,) int64."""
    scores: Tensor
    """(K,) float32 in 0..1; nan for stuff, which has none."""
    boxes: Tensor
    """(K, 4) int64 as x1, y1, x2, y2, the last two exclusive."""
    areas: Tensor
    """(K,) int64, pixels."""


OUTPUTS = Segments._fields


class Names(NamedTuple):
    """What the J numbers of winners stand for: stuff, instances, void."""

    ids: Tensor
    """(J,) int64, values in the panoptic map."""
    labels: Tensor
    """(J,) int64; T + S for void."""
    scores: Tensor
    """(J,) float32; nan for stuff and void."""


def segment_names(head: nn.Module, found: Detections, keep: Tensor) -> Names:
    """Number the instances that are kept 1, 2, … in their order."""
    things, classes = head.num_things_classes, head.num_classes
    stuff, void = torch.arange(things, classes), torch.full((1,), classes)
    labels = torch.cat([stuff, found.labels, void])
    none = torch.zeros(classes - things), torch.zeros(1)
    scores = torch.cat([none[0], found.scores.float(), none[1]])
    return Names(
        torch.cat([stuff, encode(found.labels, keep.long().cumsum(0)), void]),
        labels,
        torch.where(labels < things, scores, torch.nan),
    )


def doubtful_stuff(winner: Tensor, head: nn.Module, names: Names, unsure: Tensor | None) -> Tensor:
    """Which names become void: stuff smaller than ``stuff_area_limit``, and unsure stuff.

    Args:
        winner: (H * W,) int64 numbers of names.
        head: The fusion head.
        names: Of the image.
        unsure: (S,) bool, see :func:`mmhps.deployment.fusion.unsure_stuff`.

    Returns:
        (J,) bool.
    """
    limit, stuff = head.test_cfg.get("stuff_area_limit", 0), head.num_stuff_classes
    doubtful = (bincount(winner, _length(names.ids)) < limit) & (
        torch.arange(names.ids.shape[0]) < stuff
    )
    if unsure is not None:
        doubtful = doubtful | torch.cat([unsure, torch.zeros_like(doubtful[stuff:])])
    return doubtful


def enlarged(winner: Tensor, computed: Size, size: Size) -> Tensor:
    """Resize a flat map to (H, W) by nearest neighbour, pixel centres at half integers."""
    rows, columns = (
        ((torch.arange(new).double() + 0.5) * old / new).long()
        for old, new in zip(computed, size, strict=True)
    )
    same = (computed[0] == size[0]) & (computed[1] == size[1])
    return picked(winner.reshape(computed[0], computed[1]), rows, columns, same)


def described(winner: Tensor, names: Names, size: Size, doubtful: Tensor) -> Segments:
    """List the segments of a map of winners (H, W), in the order of their names.

    Args:
        winner: (H, W) int64 numbers of names.
        names: Of the image.
        size: (H, W).
        doubtful: (J,) bool, names that become void.
    """
    number = torch.arange(names.ids.shape[0])
    void = names.ids.shape[0] - 1
    of_rows = _counts(winner, torch.arange(size[0])[:, None], size[0], names)
    of_columns = _counts(winner, torch.arange(size[1]), size[1], names)
    areas = of_rows.sum(dim=1)
    present = ((areas > 0) & (number < void) & ~doubtful).nonzero().flatten()
    (top, bottom), (left, right) = _extent(of_rows), _extent(of_columns)
    return Segments(
        panoptic_ids=torch.where(doubtful, names.ids[void], names.ids).int()[winner],
        ids=names.ids[present].int(),
        labels=names.labels[present],
        scores=names.scores[present],
        boxes=torch.stack([left, top, right, bottom], dim=1)[present],
        areas=areas[present],
    )


def _counts(winner: Tensor, place: Tensor, length: Tensor, names: Names) -> Tensor:
    """(J, length) pixels of each name in each row or column."""
    counts = bincount((winner * length + place).flatten(), _length(names.ids) * length)
    return counts.reshape(names.ids.shape[0], length)


def _length(values: Tensor) -> Tensor:
    """(1,) int64."""
    return torch.as_tensor(values.shape[0]).reshape(1)


def _extent(counts: Tensor) -> tuple[Tensor, Tensor]:
    """(J,) the first row or column of each name, and the one after the last."""
    length = torch.as_tensor(counts.shape[1])
    index = torch.arange(length)
    first = torch.where(counts > 0, index, length).amin(dim=1)
    return first, torch.where(counts > 0, index + 1, 0).amax(dim=1)
