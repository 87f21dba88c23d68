"""Mixed precision where there is no GPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmcv.ops.nms import NMSop
from mmcv.ops.roi_align import RoIAlignFunction
from mmdet.registry import OPTIM_WRAPPERS
from mmengine.optim import OptimWrapper
from mmengine.runner.amp import autocast
from torch import Tensor, nn

# The operators of mmcv that detectors use and that know no bfloat16 on a CPU.
FLOAT32_ONLY = (NMSop, RoIAlignFunction)


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """Runs the forward pass under bfloat16 autocast, on any device.

    mmengine's ``AmpOptimWrapper`` asserts an accelerator, because its loss scaling needs one.
    bfloat16 has float32's range, so gradients do not vanish and no scaling is needed.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for operator in FLOAT32_ONLY:
            take_bfloat16(operator)

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """The context in which the model computes its losses."""
        with super().optim_context(model), autocast(dtype=torch.bfloat16):
            yield


def take_bfloat16(operator: type[torch.autograd.Function]) -> None:
    """Makes an operator that knows only float32 take bfloat16 and give it back.

    It computes in float32; nothing changes for other types. A second call does nothing.
    """
    if getattr(operator, "takes_bfloat16", False):
        return
    forward, backward = operator.forward, operator.backward

    def float32_forward(ctx, *args):
        result = forward(ctx, *map(to_float32, args))
        halved = any(map(is_bfloat16, args)) and result.is_floating_point()
        return result.bfloat16() if halved else result

    def float32_backward(ctx, *grads):
        return backward(ctx, *map(to_float32, grads))

    operator.forward = staticmethod(float32_forward)
    operator.backward = staticmethod(float32_backward)
    operator.takes_bfloat16 = True


def is_bfloat16(value: object) -> bool:
    return isinstance(value, Tensor) and value.dtype is torch.bfloat16


def to_float32(value: object) -> object:
    """A bfloat16 tensor as float32, anything else as it is."""
    return value.float() if is_bfloat16(value) else value
