"""AUNet (Li et al., 2018): the semantic branch looks at what the instance branch does not explain.

Shapes: B images, C channels, h x w.
"""

from __future__ import annotations

from torch import Tensor

__all__ = ["background_attention", "select_channels"]


def background_attention(features: Tensor, foreground_logits: Tensor) -> Tensor:
    """``S * (1 - sigmoid(F)) + S``: up to twice the features where there is no foreground.

    Args:
        features: S, (B, C, h, w).
        foreground_logits: F, (B, 1, h, w).

    Returns:
        (B, C, h, w), the dtype of ``features``.
    """
    background = 1 - foreground_logits.float().sigmoid()
    return features * background.to(features.dtype) + features


def select_channels(features: Tensor, channel_logits: Tensor) -> Tensor:
    """Weigh each channel of features (B, C, h, w) by the sigmoid of its logit, (B, C, 1, 1)."""
    return features * channel_logits.float().sigmoid().to(features.dtype)
