"""From the channel that wins each pixel to panoptic ids.

Shapes: T thing and S stuff classes, N instances, H x W output.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mmhps.structures import encode

__all__ = ["winner_ids"]


def winner_ids(
    winner: Tensor,
    labels: Tensor,
    num_things: int,
    num_stuff: int,
    stuff_area_limit: int = 0,
    unsure: Tensor | None = None,
) -> Tensor:
    """Turn the numbers of :func:`mmhps.functional.panoptic_argmax` into panoptic ids.

    Args:
        winner: (H, W) integers: 0..S-1 for stuff, S + n for instance n, S + N for void.
        labels: (N,) int64 thing classes.
        num_things: T.
        num_stuff: S.
        stuff_area_limit: Stuff with fewer pixels becomes void.
        unsure: (S,) bool, stuff classes that become void, too.

    Returns:
        (H, W) int32: the label (T..T+S-1) for stuff, ``label + 1000 * (n + 1)`` for instance n,
        T + S for void.
    """
    void = num_things + num_stuff
    stuff_labels = torch.arange(num_things, void, device=labels.device)
    instance = torch.arange(1, len(labels) + 1, device=labels.device)
    table = torch.cat([stuff_labels, encode(labels, instance), stuff_labels.new_tensor([void])])
    area = torch.bincount(winner.flatten(), minlength=len(table))
    small = area < stuff_area_limit
    if unsure is not None:
        small[:num_stuff] |= unsure
    small[num_stuff:] = False
    table[small] = void
    return table.int().index_select(0, winner.flatten()).view_as(winner)
