"""How sure the semantic branch is of a class where it predicts it.

A network trained on streets has no class for a kitchen, but its softmax always has a winner. Where
it wins with a low probability, void is the better answer.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .resampling import Resampled

__all__ = ["class_confidence"]


def class_confidence(logits: Resampled) -> Tensor:
    """Average the probability of each class over the pixels where it is the most likely one.

    Args:
        logits: (C, h, w) semantic logits. Computed at low resolution, without what pads the image.

    Returns:
        (C,) float32 in 0..1; 0 for a class that is nowhere the most likely one.
    """
    height, width = (int(axis[0][-1]) + 1 for axis in (logits.rows, logits.columns))
    shown = logits.values[:, :height, :width].float()
    highest, label = shown.max(0)
    probability = (highest - shown.logsumexp(0)).exp().flatten()
    label = label.flatten()
    total = torch.bincount(label, weights=probability, minlength=len(shown))
    return total.float() / torch.bincount(label, minlength=len(shown)).clamp(min=1)
