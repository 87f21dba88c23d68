"""UPSNet (Xiong et al., 2019): what the semantic branch says about each instance.

Shapes: T thing classes, N instances, h x w.
"""

from __future__ import annotations

from torch import Tensor

__all__ = ["class_terms", "unknown_logits"]


def class_terms(semantic_logits: Tensor, labels: Tensor, cover: Tensor) -> Tensor:
    """Copy the semantic logits of each instance's class inside its box.

    Args:
        semantic_logits: (T + S, h, w), things first.
        labels: (N,) int64 thing classes.
        cover: (N, h, w) bool, the pixels inside each box.

    Returns:
        (N, h, w) float32; 0 outside of the boxes.
    """
    return semantic_logits[labels].float() * cover


def unknown_logits(thing_logits: Tensor, terms: Tensor) -> Tensor:
    """Compute the logits of things without an instance: high where no instance explains them.

    Args:
        thing_logits: (T, h, w), T >= 1.
        terms: (N, h, w) from :func:`class_terms`.

    Returns:
        (h, w) float32: the largest thing logit minus the largest term; without an instance, minus
        0, which a term is outside of its box.
    """
    largest = thing_logits.float().amax(dim=0)
    return largest - terms.amax(dim=0) if len(terms) else largest
