"""The paper's upsampled levels, and a comparison with its literal reading."""

import torch
import torch.nn.functional as F

SMALL = dict(num_things_classes=2, num_stuff_classes=3, in_channels=4, inner_channels=8)


def pyramid(size=16, channels=4):
    return tuple(torch.randn(2, channels, size >> level, size >> level) for level in range(5))


def upsampled(head, x):
    """P2..P5 as the paper describes them: each upsampled to h x w."""
    first, *others = (f(level) for f, level in zip(head.conv_upsample_layers, x, strict=False))
    others = [F.interpolate(f, scale_factor=2, mode="bilinear") for f in others]
    return [first, *(F.interpolate(f, first.shape[-2:], mode="bilinear") for f in others)]


def assert_same_logits_and_gradients(head, inputs, expected):
    """``expected``: a function of the inputs."""
    found = []
    for function in (lambda *x: head(x[:5], *x[5:])["seg_preds"], expected):
        leaves = [x.clone().requires_grad_() for x in inputs]
        logits = function(*leaves)
        weight = torch.arange(logits.numel()).view_as(logits).cos()
        parameters = dict(head.named_parameters())
        wanted = [*leaves[:4], *leaves[5:], *parameters.values()]  # P6 is not used
        found.append([logits, *torch.autograd.grad((weight * logits).sum(), wanted)])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)
