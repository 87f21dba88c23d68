"""Several priors at once, so that what each of them brings can be combined by a config."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.utils import ConfigType
from mmengine.model import ModuleList
from torch import Tensor

from .base import Prior, PriorInputs, PriorOutput


@dataclass(frozen=True, eq=False)
class _Outputs(PriorOutput):
    parts: tuple[PriorOutput, ...] = ()  # of each prior, for its loss


@MODELS.register_module()
class PriorSequence(Prior):
    """Priors one after the other: each sees the features of the one before.

    The channels that they add are concatenated.

    Args:
        priors: Their configs, at least one.

    Raises:
        ValueError: There is none.
    """

    def __init__(self, priors: Sequence[ConfigType]) -> None:
        super().__init__()
        if not priors:
            raise ValueError("priors: expected at least one. Leave the prior out for none.")
        self.priors = ModuleList(MODELS.build(prior) for prior in priors)

    @property
    def uses_canvases(self) -> bool:
        """Whether one of the priors needs canvases."""
        return any(prior.uses_canvases for prior in self.priors)

    def extra_channels(self, num_things_classes: int) -> int:
        """E, the channels of all priors."""
        return sum(prior.extra_channels(num_things_classes) for prior in self.priors)

    def forward(self, inputs: PriorInputs) -> PriorOutput:
        """Compute the features after the last prior, and the channels of all."""
        parts = []
        for prior in self.priors:
            parts.append(prior(inputs))
            inputs = replace(inputs, features=parts[-1].features)
        extra = [part.extra for part in parts if part.extra is not None]
        return _Outputs(inputs.features, torch.cat(extra, dim=1) if extra else None, tuple(parts))

    def loss(
        self, output: _Outputs, semantic_logits: Tensor, batch_data_samples: SampleList
    ) -> dict[str, Tensor]:
        """Losses of all priors, by name; priors of the same kind share a name, and are added."""
        losses: dict[str, Tensor] = {}
        for prior, part in zip(self.priors, output.parts, strict=True):
            for name, value in prior.loss(part, semantic_logits, batch_data_samples).items():
                losses[name] = losses[name] + value if name in losses else value
        return losses
