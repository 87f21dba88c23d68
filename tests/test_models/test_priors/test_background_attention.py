import pytest
import torch
from model_parts import flat_instances

from mmhps.models import BackgroundAttention
from mmhps.models.instances import paste
from mmhps.models.priors import PriorInputs

LEVELS = (2, 8), (1, 4)  # sizes of P2 and P3
LEFT = [0, 0, 16, 8]


@pytest.fixture
def prior():
    torch.manual_seed(0)
    return BackgroundAttention(3)


def pyramid(images, dtype=torch.float32):
    return tuple(torch.randn(images, 3, *size).to(dtype) for size in LEVELS)


def run(prior, *images, features=None, rpn=None):
    features = pyramid(len(images)) if features is None else features
    rpn = pyramid(len(images)) if rpn is None else rpn
    canvases = [paste(instances, LEVELS[0], 4.0) for instances in images]
    return prior(PriorInputs(features, [], images, canvases, lambda: rpn))


def still(attention, foreground=0.0, select=100.0):
    """Set the logits of an attention, whatever its input is."""
    for conv, value in ((attention.foreground, foreground), (attention.select, select)):
        torch.nn.init.zeros_(conv.weight)
        torch.nn.init.constant_(conv.bias, value)


def test_no_instances(prior):
    output = run(prior, flat_instances())
    assert output.extra is None
    assert [level.shape[-2:] for level in output.features] == [*map(torch.Size, LEVELS)]
    sum(level.sum() for level in output.features).backward()
    assert all(p.grad is not None for p in prior.parameters())


def test_by_hand(prior):
    """1.5 of the features by even proposals, 1.5 of that by even masks, half of the channels."""
    still(prior.proposals), still(prior.masks, select=0.0)
    features = pyramid(1)
    found = run(prior, flat_instances(), features=features).features
    for level, expected in zip(found, features, strict=True):
        torch.testing.assert_close(level, 1.5 * 1.5 * 0.5 * expected)


def test_masks_turn_the_branch_away(prior):
    """A mask of probability 1 on the left half of P2 and P3, where only the features remain."""
    still(prior.proposals, foreground=100.0), still(prior.masks, foreground=-100.0)
    prior.masks.foreground.weight.data[0, 0, 1, 1] = 200.0
    features = pyramid(2)
    both = run(prior, flat_instances([LEFT], [1], [0.9], [50.0]), flat_instances(),
               features=features)  # fmt: skip
    for level, expected in zip(both.features, features, strict=True):
        half = level.shape[-1] // 2
        torch.testing.assert_close(level[0, ..., :half], expected[0, ..., :half])
        torch.testing.assert_close(level[0, ..., half:], 2 * expected[0, ..., half:])
        torch.testing.assert_close(level[1], 2 * expected[1])


def test_missed_ground_truth_is_left_out(prior):
    features = pyramid(1)
    rpn = pyramid(1)
    rows = [LEFT], [1], [0.9], [5.0]
    missed, none, found = (
        run(prior, instances, features=features, rpn=rpn).features[0]
        for instances in (
            flat_instances(*rows, detected=torch.tensor([False])),
            flat_instances(),
            flat_instances(*rows),
        )
    )
    assert torch.equal(missed, none)
    assert not torch.equal(found, none)


def test_gradient_reaches_the_masks_and_the_rpn(prior):
    logits = torch.tensor([0.5], requires_grad=True)
    rpn = tuple(level.requires_grad_() for level in pyramid(1))
    output = run(prior, flat_instances([LEFT], [1], [0.9], logits), rpn=rpn)
    sum(level.square().sum() for level in output.features).backward()
    assert logits.grad != 0
    assert all(level.grad.abs().sum() > 0 for level in rpn)


def test_starts_even(prior):
    """Near 1.5 for either attention and 1/2 for either selection."""
    prior.init_weights()
    features = pyramid(1)
    (first, _) = run(prior, flat_instances([LEFT], [1], [0.9], [5.0]), features=features).features
    torch.testing.assert_close(first, 0.5625 * features[0], atol=0.1, rtol=0.1)


def test_half_precision(prior):
    features, rpn = pyramid(1), pyramid(1)
    instances = flat_instances([LEFT], [1], [0.9], [5.0])
    expected = run(prior, instances, features=features, rpn=rpn).features
    with torch.autocast("cpu", torch.bfloat16):
        half = tuple(level.bfloat16() for level in features)
        found = run(prior, instances, features=half, rpn=rpn).features
    for level, one in zip(found, expected, strict=True):
        assert level.dtype == torch.bfloat16
        torch.testing.assert_close(level.float(), one, atol=0.1, rtol=0.05)
