import math

import pytest
import torch

from mmhps.functional import (
    overlap_order,
    overlapping_pairs,
    pair_geometry,
    relation_loss,
    resolve_overlaps,
)

# The second box lies half in the first, the third in neither.
BOXES = torch.tensor([[0.0, 0, 4, 2], [2, 0, 6, 4], [10, 10, 12, 14]])
PAIRS = torch.tensor([[0, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=torch.bool)


def test_no_instances():
    boxes, logits = torch.zeros(0, 4), torch.zeros(0, 0, requires_grad=True)
    pairs = overlapping_pairs(boxes)
    assert pairs.shape == (0, 0) and pair_geometry(boxes).shape == (0, 0, 4)
    canvases = torch.zeros(0, 1, 2, requires_grad=True)
    order = overlap_order(logits, pairs)
    loss = relation_loss(order, pairs)
    assert loss == 0
    (loss + resolve_overlaps(canvases, order).sum()).backward()
    assert canvases.grad.shape == (0, 1, 2) and logits.grad.shape == (0, 0)


def test_geometry_by_hand():
    """Centres (2, 1) and (4, 2), sizes 4 x 2 and 4 x 4."""
    found = pair_geometry(BOXES[:2])
    expected = [
        [[0, 0, 0, 0], [0.5, 0.5, 0, math.log(2)]],
        [[-0.5, -0.25, 0, -math.log(2)], [0, 0, 0, 0]],
    ]
    torch.testing.assert_close(found, torch.tensor(expected))


def test_thin_boxes_stay_finite():
    assert pair_geometry(torch.tensor([[1.0, 1, 1, 1], [0, 0, 5, 5]])).isfinite().all()
    assert not overlapping_pairs(torch.tensor([[1.0, 1, 1, 1], [0, 0, 5, 5]])).any()


def test_pairs_by_hand():
    """4 of the 8 pixels of the smaller box are common."""
    assert torch.equal(overlapping_pairs(BOXES), PAIRS)
    assert torch.equal(overlapping_pairs(BOXES, 0.5), PAIRS)
    assert not overlapping_pairs(BOXES, 0.51).any()


def test_order_by_hand():
    """R is 3/4 from 0 to 1 and 1/2 elsewhere; instance 2 overlaps none."""
    logits = torch.zeros(3, 3)
    logits[0, 1] = math.log(3)
    logits[0, 2] = 5.0
    expected = torch.tensor([[0, 0.25, 0], [0, 0, 0], [0, 0, 0]])
    torch.testing.assert_close(overlap_order(logits, PAIRS), expected)


def test_resolution_by_hand():
    """The second lies on the first by 1/2. Its sigmoid is 3/4 at the left and 1/2 at the right."""
    three = math.log(3)
    canvases = torch.tensor([[[three, 2 * three]], [[three, 0.0]]])
    order = torch.tensor([[0.0, 0.5], [0.0, 0.0]])
    found = resolve_overlaps(canvases, order)
    # A (1 - sigmoid(A) * 1/2 * sigmoid(B)) with sigmoid(A) = 3/4, 9/10
    expected = [three * (1 - 0.75 * 0.5 * 0.75), 2 * three * (1 - 0.9 * 0.5 * 0.5)]
    assert found[0, 0].tolist() == pytest.approx(expected)
    assert torch.equal(found[1], canvases[1])


def test_equals_the_sum_over_pairs():
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(4, 3, 5, generator=generator)
    order = torch.rand(4, 4, generator=generator)
    s = a.sigmoid()
    pairs = order[:, :, None, None] * a[:, None] * s[:, None] * s[None, :]
    torch.testing.assert_close(resolve_overlaps(a, order), a - pairs.sum(dim=1))


def test_loss_by_hand():
    """Of two instances that overlap (four entries), one lies on the other by 1/4."""
    order = torch.tensor([[0, 0.25, 0], [0, 0, 0], [0, 0, 0]])
    assert relation_loss(order, PAIRS) == 2 * 0.75**2 / 4
    assert relation_loss(torch.zeros(3, 3), PAIRS & False) == 0


def test_gradcheck():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    canvases = torch.randn(3, 2, 2, generator=generator, dtype=torch.float64, requires_grad=True)

    def both(x, a):
        order = overlap_order(x, PAIRS)
        return resolve_overlaps(a, order), relation_loss(order, PAIRS)

    assert torch.autograd.gradcheck(both, (logits, canvases), eps=1e-2, atol=1e-2)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_float32(dtype):
    order = overlap_order(torch.tensor([[0.0, 2], [0, 0]], dtype=dtype), PAIRS[:2, :2])
    canvases = torch.tensor([[[3.0]], [[-1.5]]], dtype=dtype)
    expected = resolve_overlaps(canvases.float(), order)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(resolve_overlaps(canvases, order), expected)
