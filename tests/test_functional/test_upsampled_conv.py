import pytest
import torch
import torch.nn.functional as F

from mmhps.functional import conv_of_upsampled


def literal(x, weight):
    upsampled = F.interpolate(x, scale_factor=2, mode="bilinear")
    return F.conv2d(upsampled, weight, padding=1)


def test_one_tap_by_hand():
    """Upsampled, the row 0, 4 is 0, 1, 3, 4; the left tap shows each pixel its left neighbour."""
    x = torch.tensor([[[[0.0, 4.0]]]])
    weight = torch.zeros(1, 1, 3, 3)
    weight[..., 1, 0] = 1
    assert conv_of_upsampled(x, weight).tolist() == [[[[0, 0, 1, 3], [0, 0, 1, 3]]]]


def test_sum_of_all_taps_by_hand():
    """One pixel of 1 becomes 2x2, each of which sees all four."""
    ones = torch.ones(1, 1, 1, 1)
    assert conv_of_upsampled(ones, torch.ones(1, 1, 3, 3)).tolist() == [[[[4, 4], [4, 4]]]]


@pytest.mark.parametrize("size", [(1, 1), (1, 4), (3, 1), (2, 2), (5, 7)])
def test_equals_convolution_after_upsampling(size):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 3, *size, generator=generator, dtype=torch.float64)
    weight = torch.randn(4, 3, 3, 3, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(conv_of_upsampled(x, weight), literal(x, weight))


def test_gradcheck():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, 2, 2, 3, generator=generator, dtype=torch.float64).requires_grad_()
    weight = torch.randn(2, 2, 3, 3, generator=generator, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(conv_of_upsampled, (x, weight))


def test_half_precision():
    generator = torch.Generator().manual_seed(0)
    x, weight = (torch.randn(1, 3, 3, 3, generator=generator) for _ in range(2))
    found = conv_of_upsampled(x.bfloat16(), weight.bfloat16())
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), literal(x, weight), rtol=0.05, atol=0.1)


def test_no_images():
    assert conv_of_upsampled(torch.zeros(0, 2, 3, 4), torch.zeros(5, 2, 3, 3)).shape == (0, 5, 6, 8)
