import pytest
import torch

from mmhps.functional import class_terms, unknown_logits

# Two thing classes and one of stuff on two pixels.
SEMANTIC = torch.tensor([[[1.0, -2.0]], [[3.0, 4.0]], [[9.0, 9.0]]])
COVER = torch.tensor([[[True, False]], [[True, True]]])


def test_no_instances():
    terms = class_terms(SEMANTIC, torch.zeros(0, dtype=torch.long), COVER[:0])
    assert terms.shape == (0, 1, 2)
    assert unknown_logits(SEMANTIC[:2], terms).tolist() == [[3.0, 4.0]]


def test_terms_by_hand():
    terms = class_terms(SEMANTIC, torch.tensor([1, 0]), COVER)
    assert terms.tolist() == [[[3.0, 0.0]], [[1.0, -2.0]]]  # 0 outside of the first box


def test_unknown_by_hand():
    """The largest thing logit minus the largest term, which is 0 where a box ends."""
    terms = class_terms(SEMANTIC, torch.tensor([1, 0]), COVER)
    assert unknown_logits(SEMANTIC[:2], terms).tolist() == [[0.0, 4.0]]
    one = terms[1:]  # nothing but the second instance: its term may be negative
    assert unknown_logits(SEMANTIC[:2], one).tolist() == [[2.0, 6.0]]


def test_one_class():
    terms = class_terms(SEMANTIC[1:], torch.tensor([0]), COVER[:1])
    assert unknown_logits(SEMANTIC[1:2], terms).tolist() == [[0.0, 4.0]]


def test_gradcheck():
    generator = torch.Generator().manual_seed(0)
    semantic = torch.randn(3, 2, 2, generator=generator, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([1, 0, 1])
    cover = torch.tensor([[[True, False], [True, True]]]).expand(3, 2, 2)

    def both(x):
        terms = class_terms(x, labels, cover)
        return terms, unknown_logits(x[:2], terms[1:])

    assert torch.autograd.gradcheck(both, semantic, eps=1e-2, atol=1e-2)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_float32(dtype):
    terms = class_terms(SEMANTIC.to(dtype), torch.tensor([1, 0]), COVER)
    assert terms.dtype == torch.float32
    assert unknown_logits(SEMANTIC[:2].to(dtype), terms).tolist() == [[0.0, 4.0]]
