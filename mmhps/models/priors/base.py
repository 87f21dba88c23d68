"""The prior protocol: what the semantic branch learns about the instances before it decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.utils import InstanceList
from mmengine.model import BaseModule
from torch import Tensor

from ..instances import Canvases, Instances


@dataclass(frozen=True, eq=False)
class PriorInputs:
    """What a prior may use; sequences have one entry per image."""

    features: tuple[Tensor, ...]  # of the FPN, P2 of shape (B, C, h, w) first
    proposals: InstanceList  # of the RPN: bboxes (P, 4) and scores (P,)
    instances: Sequence[Instances]
    canvases: Sequence[Canvases]  # of the instances, h x w; none unless Prior.uses_canvases
    rpn_features: Callable[[], tuple[Tensor, ...]]  # computes the RPN's hidden layer, per FPN level


@dataclass(frozen=True, eq=False)
class PriorOutput:
    """What the semantic head gets. A prior with a loss may return a subclass with more."""

    features: tuple[Tensor, ...]  # of the FPN, changed or not
    extra: Tensor | None = None  # (B, E, h, w) to concatenate to the upsampled ones; None if E = 0


class Prior(BaseModule):
    """Base of all priors: a subclass defines :meth:`forward` and, if E > 0, the number E.

    Attributes:
        uses_canvases: Whether the prior needs canvases; otherwise prediction does not paste them.
    """

    uses_canvases = True

    def extra_channels(self, num_things_classes: int) -> int:
        """E, the number of channels in ``PriorOutput.extra``."""
        return 0

    def forward(self, inputs: PriorInputs) -> PriorOutput:
        """Compute the prior."""
        raise NotImplementedError

    def loss(
        self, output: PriorOutput, semantic_logits: Tensor, batch_data_samples: SampleList
    ) -> dict[str, Tensor]:
        """Losses of the prior itself, by name; most priors have none.

        Args:
            output: What :meth:`forward` returned.
            semantic_logits: (B, T + S, h, w).
            batch_data_samples: The ground truth.
        """
        return {}


class ClassPrior(Prior):
    """Base of priors that show each thing class as one channel, an image at a time.

    Args:
        detach: Keep the semantic losses from training the instance branch through the prior.
    """

    def __init__(self, detach: bool = False) -> None:
        super().__init__()
        self.detach = detach

    def extra_channels(self, num_things_classes: int) -> int:
        """Return T, a channel for each thing class."""
        return num_things_classes

    def forward(self, inputs: PriorInputs) -> PriorOutput:
        """Compute the extra channels (B, T, h, w)."""
        extra = torch.stack(
            [self.image(*pair) for pair in zip(inputs.instances, inputs.canvases, strict=True)]
        )
        return PriorOutput(inputs.features, extra.detach() if self.detach else extra)

    def image(self, instances: Instances, canvases: Canvases) -> Tensor:
        """Compute the channels (T, h, w) of one image."""
        raise NotImplementedError


@MODELS.register_module()
class NoPrior(Prior):
    """The semantic branch sees the FPN features alone."""

    uses_canvases = False

    def forward(self, inputs: PriorInputs) -> PriorOutput:
        """Return the features as they are."""
        return PriorOutput(inputs.features)
