import pytest
import torch
from torch import nn

from mmhps.deployment.upsampled import conv_of_upsampled_by_products, use_products
from mmhps.functional import conv_of_upsampled
from mmhps.models.seg_heads.parts_conv import PartsConv2d


@pytest.mark.parametrize("size", [(1, 1), (1, 4), (5, 2), (6, 7)])
def test_same_as_with_sums(size):
    torch.manual_seed(0)
    x, weight = torch.randn(1, 4, *size), torch.randn(3, 4, 3, 3)
    expected = conv_of_upsampled(x, weight)
    torch.testing.assert_close(conv_of_upsampled_by_products(x, weight), expected)


def test_layers_use_it():
    torch.manual_seed(0)
    layer = PartsConv2d(5, 2, 3, padding=1)
    parts = torch.randn(1, 2, 4, 6), torch.randn(1, 3, 2, 3)
    expected = layer(parts)
    use_products(nn.Sequential(layer))
    assert layer.conv_of_upsampled is conv_of_upsampled_by_products
    torch.testing.assert_close(layer(parts), expected)
