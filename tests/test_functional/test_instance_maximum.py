import pytest
import torch

from mmhps.functional import instance_maximum


def test_no_instances():
    probabilities = torch.zeros(0, 1, 2, requires_grad=True)
    found = instance_maximum(probabilities, torch.zeros(0, 3))
    assert found.tolist() == [[[0, 0]]] * 3
    found.sum().backward()
    assert probabilities.grad.shape == (0, 1, 2)


def test_by_hand():
    """Two instances of class 0 with scores 0.5 and 0.25, one of class 1 with score 1."""
    probabilities = torch.tensor([[[0.5, 1.0]], [[1.0, 0.5]], [[0.0, 0.75]]])
    weights = torch.tensor([[0.5, 0.0], [0.25, 0.0], [0.0, 1.0]])
    # max(0.5 * 0.5, 0.25 * 1) and max(0.5 * 1, 0.25 * 0.5)
    assert instance_maximum(probabilities, weights).tolist() == [[[0.25, 0.5]], [[0.0, 0.75]]]


def test_gradient_goes_to_the_winner():
    probabilities = torch.tensor([[[0.5]], [[0.8]]], requires_grad=True)
    instance_maximum(probabilities, torch.tensor([[0.9], [0.4]])).sum().backward()
    assert probabilities.grad.flatten().tolist() == pytest.approx([0.9, 0])


def test_gradcheck():
    generator = torch.Generator().manual_seed(0)
    probabilities = torch.rand(3, 2, 2, generator=generator, dtype=torch.float64)
    weights = torch.rand(3, 2, generator=generator, dtype=torch.float64)
    inputs = probabilities.requires_grad_(), weights.requires_grad_()
    assert torch.autograd.gradcheck(instance_maximum, inputs)
