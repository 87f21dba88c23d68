import pytest
import torch
import torch.nn.functional as F
from levels import SMALL, assert_same_logits_and_gradients, pyramid, upsampled
from torch import nn

from mmhps.models import ConcatSemanticHead, PriorSemanticHead


def test_forward_shapes():
    extra = torch.randn(2, 2, 16, 16)
    assert PriorSemanticHead(**SMALL)(pyramid(), extra)["seg_preds"].shape == (2, 5, 16, 16)
    none = PriorSemanticHead(**SMALL, extra_channels=0)
    assert none(pyramid())["seg_preds"].shape == (2, 5, 16, 16)


def test_wrong_channels():
    with pytest.raises(ValueError, match="expected 2 channels of a prior, got 0"):
        PriorSemanticHead(**SMALL)(pyramid())
    with pytest.raises(ValueError, match="expected 2 channels of a prior, got 3"):
        PriorSemanticHead(**SMALL)(pyramid(), torch.zeros(2, 3, 16, 16))
    with pytest.raises(ValueError, match="expected none, got 2 channels of a prior"):
        ConcatSemanticHead(**SMALL)(pyramid(), torch.zeros(2, 2, 16, 16))


def test_paper_structure_with_isi():
    head = PriorSemanticHead(norm_logits=True)
    kernels = [m.kernel_size for m in head.classifier.modules() if isinstance(m, nn.Conv2d)]
    assert kernels == [(3, 3)] * 4 + [(1, 1)]
    first = next(m for m in head.classifier.modules() if isinstance(m, nn.Conv2d))
    assert first.in_channels == 512 + 8
    for block in head.classifier:
        conv, norm, activation = block.children()
        assert isinstance(conv, nn.Conv2d)
        assert (type(norm), type(activation)) == (nn.BatchNorm2d, nn.ReLU)
    assert isinstance(PriorSemanticHead().classifier[-1], nn.Conv2d)


def test_isi_changes_the_logits():
    head = PriorSemanticHead(**SMALL).eval()
    x = pyramid()
    without = head(x, torch.zeros(2, 2, 16, 16))["seg_preds"]
    with_isi = head(x, torch.ones(2, 2, 16, 16))["seg_preds"]
    assert not torch.allclose(without, with_isi)


def test_blocks_behind_the_first_start_as_the_identity():
    head = PriorSemanticHead(**SMALL).eval()
    head.init_weights()
    positive = torch.rand(1, 8, 5, 6)
    for block in head.classifier[1:-1]:
        torch.testing.assert_close(block(positive), positive, rtol=1e-4, atol=1e-4)
    # The first block starts with its middle tap only.
    taps = head.classifier[0].conv.weight.abs().sum(dim=(0, 1))
    assert taps[1, 1] > 0 and taps.sum() == taps[1, 1]
    usual = PriorSemanticHead(**SMALL, identity_init=False).eval()
    usual.init_weights()
    assert not torch.allclose(usual.classifier[1](positive), positive, atol=0.1)


def test_isi_equals_the_blocks_of_concatenated_levels():
    head = PriorSemanticHead(**SMALL).eval()

    def literal(*x):
        first, *others = head.classifier
        parts = torch.cat([*upsampled(head, x[:-1]), x[-1]], dim=1)
        y = first.norm(F.conv2d(parts, first.conv.weight, padding=1)).relu()
        for block in others:
            y = block(y)
        return y

    assert_same_logits_and_gradients(head, (*pyramid(), torch.randn(2, 2, 16, 16)), literal)


def test_levels_of_other_sizes_are_upsampled_first():
    """P2 of 15x17 pixels, P3 to P5 of half that size, rounded up."""
    head = PriorSemanticHead(**SMALL, extra_channels=0).eval()
    x = tuple(torch.randn(2, 4, -(-15 // 2**level), -(-17 // 2**level)) for level in range(4))
    parts = torch.cat(upsampled(head, x), dim=1)
    first, *others = head.classifier
    expected = first.norm(F.conv2d(parts, first.conv.weight, padding=1)).relu()
    for block in others:
        expected = block(expected)
    torch.testing.assert_close(head(x)["seg_preds"], expected)
