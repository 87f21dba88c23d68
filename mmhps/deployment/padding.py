"""Convolutions whose padding depends on the size of their input, for inputs of any size."""

from __future__ import annotations

from mmcv.cnn.bricks.conv2d_adaptive_padding import Conv2dAdaptivePadding
from torch import nn

__all__ = ["fix_padding"]


def fix_padding(network: nn.Module) -> None:
    """Give all ``Conv2dAdaptivePadding`` of a network the padding of their usual inputs, in place.

    They compute their padding in Python, which a traced graph keeps as it was for the traced image.
    Where the input is a multiple of the stride, as inputs that are padded to a multiple of the
    network's largest stride are at every layer, the padding is always the same: kernel size minus
    stride, and the odd pixel comes last.

    Args:
        network: E.g. a detector with EfficientNet.
    """
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, Conv2dAdaptivePadding):
                setattr(module, name, _fixed(child))


def _fixed(conv: Conv2dAdaptivePadding) -> nn.Sequential:
    """The same convolution with the same parameters, behind a fixed padding."""
    rows, columns = (
        max(dilation * (kernel - 1) + 1 - stride, 0)
        for kernel, stride, dilation in zip(
            conv.kernel_size, conv.stride, conv.dilation, strict=True
        )
    )
    plain = nn.Conv2d(
        conv.in_channels,
        conv.out_channels,
        conv.kernel_size,
        conv.stride,
        dilation=conv.dilation,
        groups=conv.groups,
        bias=conv.bias is not None,
    )
    plain.weight, plain.bias = conv.weight, conv.bias
    sides = (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2)
    return nn.Sequential(nn.ZeroPad2d(sides), plain)
