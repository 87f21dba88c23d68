"""The arg max of the panoptic softmax at the output's resolution, without its logits there.

Shapes: T things, S stuff classes, N instances, (h, w) low resolution, (H, W) output.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from .layers import Layer, cut_layers
from .panoptic_logits import stuff_log_probabilities
from .resampling import Resampled

__all__ = ["fused_argmax"]

_STRIP = (1 << 18, 1 << 19)
"""Fewest and most pixels decided at a time: more need more memory, fewer more operations."""
_ROUNDING = 1e-4


def fused_argmax(
    logits: Resampled,
    num_things: int,
    layers: Sequence[Layer],
    scale: float,
    offsets: Tensor,
    void_things: bool = True,
) -> Tensor:
    """Decide each output pixel: stuff, an instance, or void where no instance claims a thing.

    Stuff competes with the log-probabilities of the semantic softmax over all T + S classes. Equals
    :func:`mmhps.functional.panoptic_argmax` of all logits on every pixel that is not a tie, but
    computes them only where it has to:

    - Interpolation is a convex combination. Where the four low-resolution pixels around an output
      pixel agree on their most likely class, it is that of the output pixel. Where they disagree,
      a class that another beats at all four cannot win.
    - A log-probability is at most 0, so that a canvas above 0 wins. It is a concave function of
      the logits, so that it is at least the smallest of the four; a canvas below that loses.

    Args:
        logits: (T + S, h, w) semantic logits, to be read at (H, W).
        num_things: T; the things come first.
        layers: N canvases, as windows: see :func:`mmhps.functional.paste_windows`.
        scale: Factor from mask logits to the scale of the log-probabilities.
        offsets: (N,) added to every logit of an instance, e.g. its log score.
        void_things: Pixels that no instance claims become void if their most likely class is a
            thing; otherwise the most likely stuff class. Without stuff classes they are void, and
            an instance claims what its canvas is above 0 on.

    Returns:
        (H, W) int32: 0..S-1 for stuff, S + n for instance n, S + N for void.
    """
    height, width = logits.size
    void = len(logits.values) - num_things + len(layers)
    void_things = void_things or void == len(layers)  # without stuff, what else?
    winner = torch.empty(logits.size, dtype=torch.int32, device=logits.values.device)
    pixels = min(max(height * width // 4, _STRIP[0]), _STRIP[1])
    for top in range(0, height, step := max(pixels // max(width, 1), 1)):
        rows = slice(top, min(top + step, height))
        strip = logits.strip(rows)
        winner[rows] = _stuff(strip, num_things, void if void_things else None)
        if layers:
            _paint_instances(
                winner[rows], strip, num_things, cut_layers(layers, rows), scale, offsets
            )
    return winner


def _arg_max(values: Tensor) -> Tensor:
    """(C, h, w) -> (h, w) int32; class by class, which is faster than torch's across planes."""
    best = values[0].clone()
    label = torch.zeros(best.shape, dtype=torch.int32, device=best.device)
    for c in range(1, len(values)):
        label.masked_fill_(values[c] > best, c)
        torch.maximum(best, values[c], out=best)
    return label


def _stuff(logits: Resampled, num_things: int, void: int | None) -> Tensor:
    """The most likely stuff class of each pixel, numbered from 0; (H, W) int32.

    Unless ``void`` is None, things compete as well, and pixels that one of them wins get ``void``.
    """
    first = num_things if void is None else 0
    number = torch.arange(len(logits.values), device=logits.values.device, dtype=torch.int32)
    number -= num_things
    if void is not None:
        number[:num_things] = void
    agreed = _agreed(_arg_max(logits.values[first:]))
    label = logits.spread(number[first:].take(agreed.long().clamp(min=0)))
    y, x = _tiles(logits.rows[0]), _tiles(logits.columns[0])
    undecided = agreed < 0
    row, column = undecided[logits.rows[0][y[0]]][:, logits.columns[0][x[0]]].nonzero(as_tuple=True)
    if len(row):
        y, x = y[:, row], x[:, column]
        corners = logits.corners(y[0], x[0])[..., first:]
        order, found = _tile_argmax(corners, logits.rows[1][y], logits.columns[1][x])
        pixels = y[:, None, order] * label.shape[1] + x[None, :, order]
        label.view(-1).scatter_(0, pixels.view(-1), number[first:].take(found).view(-1))
    return label


def _paint_instances(
    winner: Tensor,
    logits: Resampled,
    num_things: int,
    layers: Sequence[Layer],
    scale: float,
    offsets: Tensor,
) -> None:
    """Write the number of each instance, S + n, where it wins over the stuff."""
    num_stuff = len(logits.values) - num_things
    best, owner = _best_instance(layers, scale, offsets, logits.size)
    owner += num_stuff
    wins = best > 0
    if num_stuff:
        wins |= _beats_stuff(best, logits, num_things, ~wins)
    torch.where(wins, owner, winner, out=winner)


def _beats_stuff(best: Tensor, logits: Resampled, num_things: int, open_: Tensor) -> Tensor:
    """Where the highest canvas beats the stuff, among the pixels ``open_``; (H, W)."""
    floor = _least(stuff_log_probabilities(logits.values, num_things)).amax(0) - _ROUNDING
    contested = (best > logits.spread(floor)) & open_
    index = contested.view(-1).nonzero().flatten()
    values = logits.at(index)
    stuff = values[:, num_things:].amax(1) - values.logsumexp(1)
    contested.view(-1)[index] = best.view(-1)[index] > stuff
    return contested


def _best_instance(
    layers: Sequence[Layer], scale: float, offsets: Tensor, size: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """The highest canvas of each pixel, (H, W) float32, and whose it is, (H, W) int32."""
    best = torch.full(size, -torch.inf, device=offsets.device)
    owner = torch.zeros(size, dtype=torch.int32, device=offsets.device)
    for n, (window, canvas) in enumerate(layers):
        if canvas.numel():
            values = scale * canvas.float() + offsets[n]
            owner[window].masked_fill_(values > best[window], n)
            torch.maximum(best[window], values, out=best[window])
    return best, owner


def _tiles(before: Tensor) -> Tensor:
    """Output pixels along an axis, in groups between the same two low-resolution pixels.

    Args:
        before: (L,) the low-resolution pixel before each; ascending.

    Returns:
        (R, G) int64. Groups have about R pixels; larger ones are split, smaller ones repeat their
        last pixel.
    """
    _, count = before.unique_consecutive(return_counts=True)
    size = -(-len(before) // len(count))
    stop = count.cumsum(0)
    within = torch.arange(len(before), device=before.device) - (stop - count).repeat_interleave(
        count
    )
    start = (within % size == 0).nonzero().flatten()
    last = stop.repeat_interleave(count)[start] - 1
    return torch.minimum(start + torch.arange(size, device=before.device)[:, None], last)


def _tile_argmax(corners: Tensor, below: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    """The most likely class of each pixel of some tiles.

    One class leads in the middle of a tile. Only those above it at some corner can win elsewhere.

    Args:
        corners: (K, 4, C), in the order of :meth:`Resampled.corners`.
        below: (R, K) shares of the lower corners.
        right: (R', K) shares of the right corners.

    Returns:
        The (K,) order of the tiles and, in that order, the (R, R', K) int64 classes.
    """
    leader = _each_corner(corners, torch.add).argmax(dim=1, keepdim=True)
    above = corners > corners.gather(2, leader[:, None].expand(-1, 4, 1))
    candidates = _each_corner(above, torch.logical_or).scatter_(1, leader, True)
    number, order = candidates.sum(dim=1).sort(descending=True)
    below, right = below[:, order], right[:, order]
    candidate = candidates[order].nonzero()[:, 1]
    start = number.cumsum(0) - number
    classes = corners.shape[2]
    place = classes * (4 * order + torch.arange(4, device=order.device)[:, None])
    best = below.new_full((len(below), len(right), len(order)), -torch.inf)
    rank = torch.zeros(best.shape, dtype=torch.int16, device=best.device)
    for k in range(int(number[0])):
        n = int((number > k).sum())  # tiles with more than k candidates, the first ones
        values = corners.take(place[:, :n] + candidate[start[:n] + k])
        values = _bilinear(values, below[:, :n], right[:, :n])
        rank[..., :n].masked_fill_(values > best[..., :n], k)
        torch.maximum(best[..., :n], values, out=best[..., :n])
    return order, candidate.take(start + rank)


def _each_corner(values: Tensor, join: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """(K, 4, C) -> (K, C); faster than torch's reductions along a short axis."""
    return join(join(values[:, 0], values[:, 1]), join(values[:, 2], values[:, 3]))


def _bilinear(corners: Tensor, below: Tensor, right: Tensor) -> Tensor:
    """(4, K) values at corners -> (R, R', K) at the pixels between them."""
    above = torch.lerp(corners[0], corners[1], right)
    under = torch.lerp(corners[2], corners[3], right)
    return torch.lerp(above, under, below[:, None])


def _agreed(label: Tensor) -> Tensor:
    """The label of each cell whose four corners have the same, (h, w); -1 for the others."""
    right = torch.cat([label[:, 1:], label[:, -1:]], dim=1)
    same = label == right
    below = torch.cat([same[1:], same[-1:]]) & (label == torch.cat([label[1:], label[-1:]]))
    return torch.where(same & below, label, -1)


def _least(values: Tensor) -> Tensor:
    """The smallest value of the four corners of each cell, (C, h, w)."""
    right = torch.cat([values[..., 1:], values[..., -1:]], dim=-1)
    least = torch.minimum(values, right)
    return torch.minimum(least, torch.cat([least[:, 1:], least[:, -1:]], dim=1))
