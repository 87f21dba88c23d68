"""Fixed padding equals the adaptive one on inputs that are multiples of the stride."""

import pytest
import torch
from mmcv.cnn.bricks.conv2d_adaptive_padding import Conv2dAdaptivePadding
from torch import nn

from mmhps.deployment.padding import fix_padding


@pytest.mark.parametrize(
    ("kernel", "stride", "dilation"), [(3, 1, 1), (3, 2, 1), (5, 2, 1), (1, 2, 1), (3, 1, 2)]
)
def test_equals_adaptive_padding(kernel, stride, dilation):
    torch.manual_seed(0)
    conv = Conv2dAdaptivePadding(4, 6, kernel, stride, dilation=dilation, groups=2)
    network = nn.Sequential(nn.Sequential(conv))
    images = [torch.rand(1, 4, 8, 10), torch.rand(2, 4, 6, 2)]
    expected = [network(image) for image in images]
    fix_padding(network)
    assert not any(isinstance(m, Conv2dAdaptivePadding) for m in network.modules())
    assert network[0][0][1].weight is conv.weight
    for image, value in zip(images, expected, strict=True):
        torch.testing.assert_close(network(image), value)


def test_padding_by_hand():
    # A kernel of 3 with stride 2 needs one pixel more, below and on the right.
    network = nn.Sequential(Conv2dAdaptivePadding(1, 1, 3, 2, bias=False))
    nn.init.ones_(network[0].weight)
    fix_padding(network)
    assert network(torch.ones(1, 1, 4, 4))[0, 0].tolist() == [[9, 6], [6, 4]]


def test_other_layers_stay():
    network = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1))
    layer = network[0]
    fix_padding(network)
    assert network[0] is layer
