import math

import pytest
import torch

from mmhps.functional import consistency_loss, instance_confidence, thing_confidence


def test_no_instances():
    probabilities = torch.zeros(0, 1, 2, requires_grad=True)
    found = instance_confidence(probabilities)
    assert found.tolist() == [[0, 0]]
    found.sum().backward()
    assert probabilities.grad.shape == (0, 1, 2)


def test_instances_by_hand():
    """Alone, overlapping, one of two at the threshold, and none above it."""
    probabilities = torch.tensor([[[0.75, 0.75, 0.5, 0.25]], [[0.0, 1.0, 0.75, 0.5]]])
    assert instance_confidence(probabilities).tolist() == [[0.75, 0.875, 0.75, 0.0]]
    assert instance_confidence(probabilities, 0.4).tolist() == [[0.75, 0.875, 0.625, 0.5]]


def test_things_by_hand():
    """Two things and a stuff class with softmax (3, 1, 1) / 5, (1, 1, 2) / 4 and (1, 1, 4) / 6."""
    semantic = torch.tensor([[3.0, 1, 1], [1, 1, 1], [1, 2, 4]]).log()[:, None]
    torch.testing.assert_close(thing_confidence(semantic, 2)[0, 0], torch.tensor(0.8))
    assert thing_confidence(semantic, 2)[0, 2] == 0
    assert thing_confidence(semantic, 2, 0.3)[0].tolist() == pytest.approx([0.8, 0.5, 1 / 3])


def test_one_class_of_things_without_stuff():
    assert thing_confidence(torch.zeros(1, 1, 2), 1).tolist() == [[1, 1]]


def test_loss_by_hand():
    a, b = torch.tensor([[0.5, 1.0]]), torch.tensor([[0.0, 0.5]])
    assert consistency_loss(a, b) == 0.25
    assert consistency_loss(a, a) == 0


def test_gradient_passes_above_the_threshold_alone():
    probabilities = torch.tensor([[[0.9, 0.4]]], requires_grad=True)
    instance_confidence(probabilities).sum().backward()
    assert probabilities.grad.tolist() == [[[1, 0]]]
    semantic = torch.tensor([[[2.0, -2.0]], [[0.0, 0.0]]], requires_grad=True)
    thing_confidence(semantic, 1).sum().backward()
    assert semantic.grad[0, 0, 0] > 0 and (semantic.grad[:, 0, 1] == 0).all()


def test_gradcheck():
    generator = torch.Generator().manual_seed(0)
    low = 0.4 * torch.rand(1, 2, 3, generator=generator, dtype=torch.float64)
    probabilities = torch.cat([low, low + 0.55]).requires_grad_()
    semantic = torch.randn(3, 2, 3, generator=generator, dtype=torch.float64, requires_grad=True)

    def loss(p, s):
        return consistency_loss(instance_confidence(p), thing_confidence(s, 2, 0.0))

    assert torch.autograd.gradcheck(loss, (probabilities, semantic), eps=1e-2, atol=1e-2)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_float32(dtype):
    semantic = torch.tensor([[[math.log(3)]], [[0.0]]]).to(dtype)
    assert torch.equal(thing_confidence(semantic, 1), thing_confidence(semantic.float(), 1))
    probabilities = torch.tensor([[[0.75]], [[1.0]]], dtype=dtype)
    assert instance_confidence(probabilities).dtype == torch.float32
    assert instance_confidence(probabilities).item() == 0.875
