import math

import pytest
import torch

from mmhps.functional import class_map, mean_ranks, ranking_loss

MASKS = torch.tensor([[[1, 1, 0]], [[0, 1, 1]], [[0, 0, 1]]], dtype=torch.bool)
LABELS = torch.tensor([1, 1, 0])


def test_no_instances():
    assert class_map(MASKS[:0], LABELS[:0], 2).tolist() == [[[0, 0, 0]]] * 2
    assert mean_ranks(torch.ones(2, 1, 3), MASKS[:0], LABELS[:0]).shape == (0,)


def test_map_by_hand():
    assert class_map(MASKS, LABELS, 3).tolist() == [[[0, 0, 1]], [[1, 1, 1]], [[0, 0, 0]]]


def test_ranks_by_hand():
    """Means over the mask in the channel of the class; an empty mask ranks last."""
    scores = torch.tensor([[[9.0, 9.0, 0.5]], [[1.0, 2.0, 4.0]]])
    assert mean_ranks(scores, MASKS, LABELS).tolist() == [1.5, 3.0, 0.5]
    assert mean_ranks(scores, MASKS & False, LABELS).tolist() == [0, 0, 0]


def test_loss_by_hand():
    """Class 0 with probability 3/4, class 1 with 1/2; stuff and void do not count."""
    logits = torch.tensor([[[math.log(3), 0.0, 7.0, 7.0]], [[0.0, 0.0, 0.0, 0.0]]])
    found = ranking_loss(logits, torch.tensor([[0, 1, 2, 255]]))
    assert found.item() == pytest.approx((math.log(4 / 3) + math.log(2)) / 2)


@pytest.mark.parametrize("things", [1, 2])
def test_loss_without_things(things):
    logits = torch.zeros(things, 1, 2, requires_grad=True)
    loss = ranking_loss(logits, torch.tensor([[255, 2]]))
    assert loss == 0
    loss.backward()
    assert (logits.grad == 0).all()


def test_one_class_has_nothing_to_learn():
    assert ranking_loss(torch.randn(1, 1, 2), torch.tensor([[0, 0]])) == 0


def test_gradcheck():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 1, 3, generator=generator, dtype=torch.float64, requires_grad=True)

    def both(x):
        return mean_ranks(x, MASKS, LABELS), ranking_loss(x, torch.tensor([[0, 1, 5]]))

    assert torch.autograd.gradcheck(both, logits, eps=1e-2, atol=1e-2)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_float32(dtype):
    logits = torch.tensor([[[1.0, -2.0, 4.0]], [[0.5, 0.0, 8.0]]], dtype=dtype)
    for function in (
        lambda x: ranking_loss(x, torch.tensor([[0, 1, 1]])),
        lambda x: mean_ranks(x, MASKS, LABELS),
    ):
        assert torch.equal(function(logits), function(logits.float()))
