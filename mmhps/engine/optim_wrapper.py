"""Mixed precision where there is no GPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmdet.registry import OPTIM_WRAPPERS
from mmengine.optim import OptimWrapper
from mmengine.runner.amp import autocast
from torch import nn


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """Runs the forward pass under bfloat16 autocast, on any device.

    mmengine's ``AmpOptimWrapper`` asserts an accelerator, because its loss scaling needs one.
    bfloat16 has float32's range, so gradients do not vanish and no scaling is needed.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """The context in which the model computes its losses."""
        with super().optim_context(model), autocast(dtype=torch.bfloat16):
            yield
