import pytest
import torch
from model_parts import flat_instances

from mmhps.models import InstanceMaximum
from mmhps.models.instances import paste
from mmhps.models.priors import PriorInputs
from mmhps.models.priors.instance_maximum import instance_maximum


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


@pytest.mark.parametrize("detach", [False, True])
def test_module_shows_detections_of_each_class(detach):
    """Mask probability 1/2 in the left of two pixels; ground truth without a detection is not."""
    logits = torch.zeros(2, requires_grad=True)
    boxes, detected = [[0, 0, 4, 4], [0, 0, 8, 4]], torch.tensor([True, False])
    instances = flat_instances(boxes, [1, 0], [0.5, 0.9], logits, detected=detected)
    inputs = PriorInputs((), [], [instances], [paste(instances, (1, 2), 4.0)], tuple)
    module = InstanceMaximum(detach=detach)
    extra = module(inputs).extra
    assert extra.tolist() == [[[[0.0, 0.0]], [[0.25, 0.0]]]]
    assert module.extra_channels(2) == extra.shape[1]
    assert extra.requires_grad is not detach
