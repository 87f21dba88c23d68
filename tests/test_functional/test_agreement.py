import math

import pytest
import torch

from mmhps.functional import agreement


def test_no_instances():
    assert agreement(torch.zeros(0, 2, 2), torch.zeros(0, 2, 2)).shape == (0, 2, 2)


def test_by_hand():
    # (1/2 + 1/2) * 0; (1/2 + 3/4) * log 3; (3/4 + 1/4) * 0.
    a, b = torch.tensor([0.0, 0.0, math.log(3)]), torch.tensor([0.0, math.log(3), -math.log(3)])
    assert agreement(a, b).tolist() == pytest.approx([0, 1.25 * math.log(3), 0])


def test_gradcheck():
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(2, 3, generator=generator, dtype=torch.float64) for _ in range(2))
    # Computed in float32, so the step and the tolerance are those of float32.
    inputs = a.requires_grad_(), b.requires_grad_()
    assert torch.autograd.gradcheck(agreement, inputs, eps=1e-2, atol=1e-2)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_float32(dtype):
    a, b = torch.tensor([0.5, -2.0], dtype=dtype), torch.tensor([3.0, 1.0], dtype=dtype)
    assert torch.equal(agreement(a, b), agreement(a.float(), b.float()))
    assert agreement(a, b).dtype == torch.float32
