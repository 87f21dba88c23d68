import math

import pytest
import torch

from mmhps.functional import (
    panoptic_argmax,
    panoptic_logits,
    panoptic_loss,
    segment_weights,
    stuff_log_probabilities,
)

IGNORE = -100


def test_no_instances():
    stuff = torch.tensor([[[1.0, 0.0]], [[0.0, 2.0]]])
    fused = panoptic_logits(stuff, torch.zeros(0, 1, 2))
    assert torch.equal(fused, stuff)
    assert panoptic_argmax(stuff, 2).tolist() == [[0, 1]]


def test_softmax_over_stuff_and_instances_by_hand():
    # exp: 1, 1 for stuff and 2 for the instance; probabilities 1/4, 1/4, 1/2.
    fused = panoptic_logits(torch.zeros(2, 1, 1), torch.full((1, 1, 1), math.log(2)))
    torch.testing.assert_close(fused.softmax(0).flatten(), torch.tensor([0.25, 0.25, 0.5]))
    loss = panoptic_loss(fused, torch.tensor([[2]]))
    assert loss.item() == pytest.approx(math.log(2))


def test_segment_weights_by_hand():
    target = torch.tensor([[0, 0, 0, 0, 3, IGNORE]])
    assert segment_weights(target, 0.0).tolist() == [[pytest.approx(0.2)] * 5 + [0.0]]
    # power 1/2: four pixels of 1/2 and one of 1, divided by 3.
    half = segment_weights(target, 0.5)[0].tolist()
    assert half == pytest.approx([1 / 6] * 4 + [1 / 3, 0.0])
    # power 1: each segment weighs 1/2.
    assert segment_weights(target, 1.0)[0].tolist() == pytest.approx([1 / 8] * 4 + [1 / 2, 0.0])


def test_loss_weighs_segments():
    logits = torch.tensor([[[0.0, 0.0, 0.0]], [[0.0, 0.0, math.log(3)]]])
    target = torch.tensor([[0, 0, 1]])
    wrong, right = math.log(2), math.log(4 / 3)
    assert panoptic_loss(logits, target, 0.0).item() == pytest.approx((2 * wrong + right) / 3)
    assert panoptic_loss(logits, target, 1.0).item() == pytest.approx((wrong + right) / 2)


def test_nothing_but_void_is_exactly_zero():
    logits = torch.randn(3, 2, 2, requires_grad=True)
    loss = panoptic_loss(logits, torch.full((2, 2), IGNORE), 0.5)
    assert loss.item() == 0
    loss.backward()
    assert torch.equal(logits.grad, torch.zeros(3, 2, 2))


def test_gradcheck():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(4, 2, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    target = torch.tensor([[0, 1, 3], [IGNORE, 2, 2]])
    assert torch.autograd.gradcheck(
        lambda z: panoptic_loss(z, target, 0.5), logits, eps=1e-2, atol=1e-2
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_huge_logits(dtype):
    huge = torch.finfo(dtype).max / 4
    stuff = torch.tensor([[[huge]], [[-huge]]], dtype=dtype, requires_grad=True)
    canvases = torch.tensor([[[huge]]], dtype=dtype, requires_grad=True)
    loss = panoptic_loss(panoptic_logits(stuff, canvases), torch.tensor([[2]]), 0.5)
    assert loss.item() == pytest.approx(math.log(2))
    loss.backward()
    assert torch.isfinite(stuff.grad).all() and torch.isfinite(canvases.grad).all()


def test_argmax_by_hand():
    """One row of four pixels: stuff 0, instance 0, a tie of both, and an unclaimed stuff pixel."""
    logits = torch.tensor([[[2.0, 0, 1, 2]], [[0.0, 3, 1, 0]]])
    unclaimed = torch.tensor([[False, True, False, True]])
    assert panoptic_argmax(logits, 1).tolist() == [[0, 1, 0, 0]]
    # Void, 2, where nothing claims the pixel and stuff would win it.
    assert panoptic_argmax(logits, 1, unclaimed).tolist() == [[0, 1, 0, 2]]


def test_stuff_log_probabilities_by_hand():
    # One thing and two stuff classes: exp gives 2, 1 and 1 of 4.
    logits = torch.tensor([math.log(2), 0.0, 0.0], dtype=torch.float64).view(3, 1, 1)
    found = stuff_log_probabilities(logits, 1)
    assert found.dtype == torch.float32
    assert found.flatten().tolist() == pytest.approx([-math.log(4)] * 2)
