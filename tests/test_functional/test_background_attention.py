import math

import pytest
import torch

from mmhps.functional import background_attention, select_channels


def test_no_images():
    assert background_attention(torch.zeros(0, 3, 2, 2), torch.zeros(0, 1, 2, 2)).shape[0] == 0


def test_by_hand():
    """Foreground 1/2, 3/4 and certain: the features times 1.5, 1.25 and 1, in both channels."""
    features = torch.tensor([[[[4.0, 4.0, 4.0]], [[-8.0, 0.0, 8.0]]]])
    foreground = torch.tensor([[[[0.0, math.log(3), 100.0]]]])
    expected = [[[[6.0, 5.0, 4.0]], [[-12.0, 0.0, 8.0]]]]
    torch.testing.assert_close(background_attention(features, foreground), torch.tensor(expected))


def test_selection_by_hand():
    features, logits = torch.full((1, 2, 1, 1), 4.0), torch.tensor([[0.0, math.log(3)]])
    found = select_channels(features, logits[..., None, None])
    assert found.flatten().tolist() == pytest.approx([2.0, 3.0])


def test_gradcheck():
    generator = torch.Generator().manual_seed(0)
    sizes = (2, 3, 2, 2), (2, 1, 2, 2), (2, 3, 1, 1)
    inputs = [torch.randn(s, generator=generator, dtype=torch.float64) for s in sizes]

    def both(features, foreground, channels):
        return select_channels(background_attention(features, foreground), channels)

    inputs = [x.requires_grad_() for x in inputs]
    assert torch.autograd.gradcheck(both, inputs, eps=1e-2, atol=1e-2)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision(dtype):
    features = torch.full((1, 1, 1, 1), 4.0, dtype=dtype)
    huge = torch.full((1, 1, 1, 1), torch.finfo(dtype).max, dtype=dtype)
    for logits, expected in ((huge, 4.0), (-huge, 8.0)):
        found = background_attention(features, logits)
        assert found.item() == expected and found.dtype == dtype
    assert select_channels(features, -huge).item() == 0
