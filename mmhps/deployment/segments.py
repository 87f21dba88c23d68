"""From the winner of each pixel to the segments of an image.

Shapes: T thing and S stuff classes, O of them compete, N instances, J = O + N names, R runs, K
segments, h x w computed map, H x W output.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from mmhps.models.fusion_heads import FusionHead
from mmhps.structures import encode

from .detection import Detections
from .fusion import class_order
from .operators import bincount, picked
from .preprocessing import Size

__all__ = [
    "OUTPUTS",
    "Segments",
    "described",
    "doubtful_stuff",
    "runs_of",
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
    """What the J numbers of winners stand for: O classes, N instances; below 0 from behind."""

    ids: Tensor
    """(J,) int64, values in the panoptic map; T + S is void."""
    labels: Tensor
    """(J,) int64, T + S for void."""
    scores: Tensor
    """(J,) float32; nan for stuff and void."""
    void: int
    """T + S."""


class Runs(NamedTuple):
    """The R runs of pixels in the rows of a map that have one segment."""

    name: Tensor
    """(R,) int64 in 0..J-1."""
    row: Tensor
    """(R,) int64."""
    start: Tensor
    """(R,) int64, the first column."""
    stop: Tensor
    """(R,) int64, the column after the last."""


def segment_names(head: FusionHead, found: Detections, keep: Tensor) -> Names:
    """Number the instances that are kept 1, 2, … in their order."""
    things, classes = head.num_things_classes, head.num_classes
    order = class_order(head)
    order = torch.where(order < things, classes, order)
    return Names(
        torch.cat([order, encode(found.labels, keep.long().cumsum(0))]),
        torch.cat([order, found.labels]),
        torch.cat([torch.full_like(order, torch.nan, dtype=torch.float32), found.scores.float()]),
        classes,
    )


def runs_of(winner: Tensor, names: Names) -> Runs:
    """Divide a map (H, W) of winners into runs, from the top left."""
    width = torch.as_tensor(winner.shape[1])
    first = torch.ones_like(winner[:, :1], dtype=torch.bool)
    begins = torch.cat([first, winner[:, 1:] != winner[:, :-1]], dim=1).flatten()
    place = begins.nonzero().flatten()
    length = torch.cat([place[1:], torch.as_tensor(begins.shape[0]).reshape(1)]) - place
    name = winner.flatten()[place]
    row = torch.div(place, width, rounding_mode="trunc")
    start = place - row * width
    name = torch.where(name < 0, name + names.ids.shape[0], name)
    return Runs(name, row, start, start + length)


def doubtful_stuff(runs: Runs, head: FusionHead, names: Names, unsure: Tensor | None) -> Tensor:
    """Which names become void: stuff smaller than ``stuff_area_limit``, and unsure stuff.

    Args:
        runs: Of the map.
        head: The fusion head.
        names: Of the image.
        unsure: (S,) bool, see :func:`mmhps.deployment.fusion.unsure_stuff`.

    Returns:
        (J,) bool.
    """
    things = head.num_things_classes
    stuff = (names.labels >= things) & (names.labels < head.num_classes)
    area = torch.zeros_like(names.ids).scatter_add(0, runs.name, runs.stop - runs.start)
    doubtful = stuff & (area < head.test_cfg.get("stuff_area_limit", 0))
    if unsure is not None:
        certain = unsure.new_zeros(things), unsure.new_zeros(1)
        doubtful = doubtful | torch.cat([certain[0], unsure, certain[1]])[names.labels] & stuff
    return doubtful


def described(winner: Tensor, runs: Runs, names: Names, size: Size, doubtful: Tensor) -> Segments:
    """Resize a map of winners by nearest neighbour, and list its segments in the order of names.

    Args:
        winner: (h, w) int64.
        runs: Of the map.
        names: Of the image.
        size: (H, W).
        doubtful: (J,) bool, names that become void.
    """
    computed = tuple(torch.as_tensor(side) for side in winner.shape)
    rows, columns = (_nearest(*axis) for axis in zip(computed, size, strict=True))
    same = (computed[0] == size[0]) & (computed[1] == size[1])
    ids = torch.where(doubtful, names.void, names.ids).int()
    y, x = (_edges(*axis) for axis in zip((rows, columns), computed, strict=True))
    top, bottom, left, right = y[runs.row], y[runs.row + 1], x[runs.start], x[runs.stop]
    nothing = torch.zeros_like(names.ids)
    area = nothing.scatter_add(0, runs.name, (bottom - top) * (right - left))
    far = nothing + torch.maximum(*size)
    low = [far.scatter_reduce(0, runs.name, edge, "amin") for edge in (left, top)]
    high = [nothing.scatter_reduce(0, runs.name, edge, "amax") for edge in (right, bottom)]
    present = ((area > 0) & (names.labels != names.void) & ~doubtful).nonzero().flatten()
    return Segments(
        panoptic_ids=picked(ids[winner], rows, columns, same),
        ids=names.ids[present].int(),
        labels=names.labels[present],
        scores=names.scores[present],
        boxes=torch.stack([*low, *high], dim=1)[present],
        areas=area[present],
    )


def _nearest(computed: Tensor, length: Tensor) -> Tensor:
    """(length,) the nearest of the computed rows or columns, pixel centres at half integers."""
    return ((torch.arange(length).double() + 0.5) * computed / length).long()


def _edges(places: Tensor, computed: Tensor) -> Tensor:
    """(computed + 1,) where in ``places``, which rise, each number begins, and where they end."""
    counts = bincount(places, computed.reshape(1))
    return torch.cat([torch.zeros_like(counts[:1]), counts.cumsum(0)])
