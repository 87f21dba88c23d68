"""Drop instances that are hidden by others with higher scores.

Panoptic FPN (Kirillov et al., 2019, section 4.2 of its heuristic merge) does it
with masks; here HPS does the same before the softmax. Shapes: N instances, H x W canvas.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .layers import Layer

__all__ = ["not_hidden"]


def not_hidden(
    layers: Sequence[Layer],
    size: tuple[int, int],
    max_overlap: float,
    labels: Tensor | None = None,
) -> Tensor:
    """Find the instances that are visible enough, those with higher scores being in front.

    A mask is where the logit is positive. An instance is dropped if it has
    none, or if the kept instances before it cover more than ``max_overlap`` of it.

    Args:
        layers: N canvases by falling score, as windows: see
            :func:`mmhps.functional.paste_windows`.
        size: Canvas size (H, W).
        max_overlap: Share of a mask in 0..1; 1 keeps every instance that has a mask.
        labels: (N,) classes; where given, only instances of its own class hide an instance
            (UPSNet's pruning).

    Returns:
        (N,) bool.
    """
    keep = torch.zeros(len(layers), dtype=torch.bool)
    if not layers:
        return keep
    device = layers[0][1].device
    classes = [0] * len(layers) if labels is None else labels.tolist()
    taken_by = {c: torch.zeros(size, dtype=torch.bool, device=device) for c in set(classes)}
    for n, (window, canvas) in enumerate(layers):
        taken, mask = taken_by[classes[n]], canvas > 0
        seen = mask.count_nonzero(), (mask & taken[window]).count_nonzero()
        area, hidden = torch.stack(seen).tolist()
        keep[n] = area > 0 and hidden <= max_overlap * area
        if keep[n]:
            taken[window] |= mask
    return keep.to(device)
