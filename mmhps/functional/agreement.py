"""EfficientPS (Mohan and Valada, 2020): the agreement of both branches on an instance."""

from __future__ import annotations

from torch import Tensor

__all__ = ["agreement"]


def agreement(mask_logits: Tensor, class_logits: Tensor) -> Tensor:
    """``(sigmoid(A) + sigmoid(B)) * (A + B)``: large where both logits are, small where one is not.

    Args:
        mask_logits: A, logits of the instance branch, any shape.
        class_logits: B, logits of the semantic branch for the instances' classes, the same shape.

    Returns:
        The same shape, float32.
    """
    mask_logits, class_logits = mask_logits.float(), class_logits.float()
    return (mask_logits.sigmoid() + class_logits.sigmoid()) * (mask_logits + class_logits)
