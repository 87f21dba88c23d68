"""The arg max of the panoptic softmax at the output's resolution, without its logits there.

Shapes: T things, S stuff classes, N instances, (h, w) low resolution, (H, W) output.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .canvas import Layer
from .panoptic_logits import panoptic_argmax, stuff_log_probabilities
from .resampling import Resampled

__all__ = ["dense_argmax", "fused_argmax"]

_BLOCK = 1 << 14
_ROUNDING = 1e-4


def fused_argmax(
    logits: Resampled,
    num_things: int,
    layers: Sequence[Layer],
    scale: float,
    offsets: Tensor,
    void_things: bool = True,
) -> Tensor:
    """Decide each output pixel between stuff, instances and, where nothing claims a thing, void.

    Stuff competes with the log-probabilities of the semantic softmax over all T + S classes. Equals
    :func:`dense_argmax` on every pixel that is not a tie, but computes them only where it has to:

    - Interpolation is a convex combination. Where the four low-resolution pixels around an output
      pixel agree on their most likely class, it is that of the output pixel.
    - A log-probability is at most 0, so that a canvas above 0 wins. It is a concave function of
      the logits, so that it is at least the smallest of the four; a canvas below that loses.

    Args:
        logits: (T + S, h, w) semantic logits, to be read at (H, W).
        num_things: T; the things come first.
        layers: N canvases, as windows: see :func:`mmhps.functional.paste_windows`.
        scale: Factor from mask logits to the scale of the log-probabilities.
        offsets: (N,) added to every logit of an instance, e.g. its log score.
        void_things: Pixels that no instance claims become void if their most likely class is a
            thing; otherwise the most likely stuff class.

    Returns:
        (H, W) int32: 0..S-1 for stuff, S + n for instance n, S + N for void.
    """
    num_stuff = len(logits.values) - num_things
    first = 0 if void_things else num_things
    best, owner = _best_instance(layers, scale, offsets, logits.size)
    label = logits.spread(_agreed(_arg_max(logits.values[first:])))
    instance = best > 0
    if layers:
        floor = logits.spread(_least(stuff_log_probabilities(logits.values, num_things)).amax(0))
        contested = (best > floor - _ROUNDING) & ~instance
        flat_instance, flat_best = instance.view(-1), best.view(-1)
        for index in contested.view(-1).nonzero().flatten().split(_BLOCK):
            values = logits.at(index)
            stuff = values[:, num_things:].amax(1) - values.logsumexp(1)
            flat_instance[index] = flat_best[index] > stuff
    flat_label = label.view(-1)
    for index in ((label < 0) & ~instance).view(-1).nonzero().flatten().split(_BLOCK):
        flat_label[index] = logits.at(index)[:, first:].argmax(1).int()
    if void_things:
        label -= num_things
        label.masked_fill_(label < 0, num_stuff + len(layers))
    return torch.where(instance, num_stuff + owner, label)


def dense_argmax(
    logits: Resampled,
    num_things: int,
    layers: Sequence[Layer],
    scale: float,
    offsets: Tensor,
    void_things: bool = True,
    bare_logits: bool = False,
) -> Tensor:
    """The definition of :func:`fused_argmax`: the same from all logits at every output pixel.

    Args:
        logits: As there, like ``num_things``, ``layers``, ``scale``, ``offsets`` and
            ``void_things``.
        bare_logits: Let the canvases compete with the stuff logits themselves.

    Returns:
        (H, W) int64, numbered as there.
    """
    dense = logits.dense()
    stuff = dense[num_things:] if bare_logits else stuff_log_probabilities(dense, num_things)
    winner = panoptic_argmax(stuff, layers, scale, offsets)
    if void_things:
        unclaimed = (dense.argmax(0) < num_things) & (winner < len(stuff))
        winner = winner.masked_fill(unclaimed, len(stuff) + len(layers))
    return winner


def _arg_max(values: Tensor) -> Tensor:
    """(C, h, w) -> (h, w) int32; class by class, which is faster than torch's across planes."""
    best = values[0].clone()
    label = torch.zeros(best.shape, dtype=torch.int32, device=best.device)
    for c in range(1, len(values)):
        label.masked_fill_(values[c] > best, c)
        torch.maximum(best, values[c], out=best)
    return label


def _best_instance(
    layers: Sequence[Layer], scale: float, offsets: Tensor, size: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """The highest canvas of each pixel, (H, W) float32, and whose it is, (H, W) int32."""
    best = torch.full(size, -torch.inf, device=offsets.device)
    owner = torch.zeros(size, dtype=torch.int32, device=offsets.device)
    for n, (window, canvas) in enumerate(layers):
        values = scale * canvas.float() + offsets[n]
        owner[window].masked_fill_(values > best[window], n)
        torch.maximum(best[window], values, out=best[window])
    return best, owner


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
