import pytest
import torch

from mmhps.functional import soft_argmax, soft_one_hot


def test_no_instances():
    logits = torch.zeros(0, 3, requires_grad=True)
    out = soft_one_hot(logits)
    assert out.shape == (0, 3)
    out.sum().backward()
    assert logits.grad.shape == (0, 3)
    assert soft_argmax(logits).shape == (0,)


def test_no_classes_is_an_error():
    with pytest.raises(ValueError, match=r"at least one class, got shape \(2, 0\)"):
        soft_one_hot(torch.zeros(2, 0))


def test_beta_must_be_positive():
    with pytest.raises(ValueError, match="beta must be positive, got 0"):
        soft_argmax(torch.zeros(1, 2), beta=0)


def test_equation_1_value():
    # softmax(10 * (0, 1, -1)) rounds to (0, 1, 0); the sum of i * bracket_i is 1.
    logits = torch.tensor([[0.0, 1.0, -1.0], [0.0, -3.0, 2.0], [5.0, 1.0, 1.0]])
    assert soft_one_hot(logits).tolist() == [[0, 1, 0], [0, 0, 1], [1, 0, 0]]
    assert soft_argmax(logits).tolist() == [1.0, 2.0, 0.0]


def test_equals_the_literal_equation():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(50, 8, generator=generator, dtype=torch.float64)
    beta = 100.0
    brackets = (beta * logits).softmax(-1).round()
    literal = (brackets * torch.arange(8)).sum(-1)
    clear = brackets.sum(-1) == 1
    assert clear.sum() >= 40
    assert torch.equal(soft_argmax(logits, beta)[clear].double(), literal[clear])


def test_tie_takes_the_first_class():
    assert soft_argmax(torch.tensor([[1.0, 7.0, 7.0]])).tolist() == [1.0]


def test_gradient_is_the_one_of_the_softmax():
    logits = torch.tensor([[0.2, 0.1, -0.3]], requires_grad=True)
    weights = torch.tensor([[3.0, -1.0, 2.0]])
    (soft_one_hot(logits, beta=2.0) * weights).sum().backward()
    p = (2.0 * logits.detach()).softmax(-1)
    expected = 2.0 * p * (weights - (p * weights).sum())
    torch.testing.assert_close(logits.grad, expected)
    assert logits.grad.abs().min() > 0.01


def test_index_overrides_the_choice():
    out = soft_one_hot(torch.tensor([[9.0, 0.0]]), index=torch.tensor([1]))
    assert out.tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_huge_logits(dtype):
    huge = torch.finfo(dtype).max
    logits = torch.tensor([[huge, -huge, 0.0], [0.0, 0.0, huge]], dtype=dtype, requires_grad=True)
    out = soft_argmax(logits, beta=1e4)
    assert out.tolist() == [0.0, 2.0]
    out.sum().backward()
    assert torch.isfinite(logits.grad).all()
