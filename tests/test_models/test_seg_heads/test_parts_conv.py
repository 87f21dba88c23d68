import pytest
import torch
from torch import nn

from mmhps.models.seg_heads.parts_conv import PartsConv2d


def test_parts_by_hand():
    """Two channels in one tensor, one in the other: 1 * 1 + 2 * 10 + 3 * 100 + 0.5."""
    conv = PartsConv2d(3, 1, 1)
    with torch.no_grad():
        conv.weight.copy_(torch.tensor([1.0, 2.0, 3.0]).view(1, 3, 1, 1))
        conv.bias.fill_(0.5)
    parts = torch.tensor([[[[1.0]], [[10.0]]]]), torch.tensor([[[[100.0]]]])
    assert conv(parts).tolist() == [[[[321.5]]]]
    assert [share.item() for share in conv.shares(parts)] == [21.5, 300.0]


def test_parts_with_a_stride():
    conv = PartsConv2d(3, 4, 3, stride=2, padding=1)
    parts = torch.randn(1, 2, 9, 7), torch.randn(1, 1, 9, 7)
    torch.testing.assert_close(conv(parts), nn.Conv2d.forward(conv, torch.cat(parts, dim=1)))


def test_parts_of_half_the_size_are_upsampled():
    conv = PartsConv2d(3, 4, 3, padding=1)
    first, second = torch.randn(1, 2, 6, 8), torch.randn(1, 1, 3, 4)
    upsampled = nn.functional.interpolate(second, scale_factor=2, mode="bilinear")
    expected = nn.Conv2d.forward(conv, torch.cat([first, upsampled], dim=1))
    torch.testing.assert_close(conv([first, second]), expected)


def test_parts_of_other_widths_are_an_error():
    with pytest.raises(ValueError, match=r"expected 3 channels in all, got \[2\]"):
        PartsConv2d(3, 1, 1)([torch.zeros(1, 2, 1, 1)])
