import pytest
import torch
import torch.nn.functional as F
from mmdet.structures import DetDataSample
from mmengine.structures import PixelData
from torch import nn

from mmhps.models import ConcatSemanticHead, PriorSemanticHead
from mmhps.models.seg_heads import prior_semantic_head
from mmhps.models.seg_heads.parts_conv import PartsConv2d

SMALL = dict(num_things_classes=2, num_stuff_classes=3, in_channels=4, inner_channels=8)


def pyramid(size=16, channels=4):
    return tuple(torch.randn(2, channels, size >> level, size >> level) for level in range(5))


def test_paper_structure():
    """512 channels; P2..P5 with 1, 1, 2, 3 convolutions and 0, 1, 2, 3 upsamplings.

    The last upsampling of P3..P5 comes behind the classifier, see below.
    """
    head = ConcatSemanticHead()
    assert isinstance(head.classifier, nn.Conv2d)
    assert (head.classifier.in_channels, head.classifier.out_channels) == (512, 19)
    convs = [sum(isinstance(m, nn.Conv2d) for m in b.modules()) for b in head.conv_upsample_layers]
    assert convs == [1, 1, 2, 3]
    assert [layer.num_upsample for layer in head.conv_upsample_layers] == [0, 0, 1, 2]
    assert sum(isinstance(m, nn.BatchNorm2d) for m in head.modules()) == 7


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


def test_forward_shapes():
    x = pyramid()
    assert ConcatSemanticHead(**SMALL)(x)["seg_preds"].shape == (2, 5, 16, 16)
    isi = torch.randn(2, 2, 16, 16)
    assert PriorSemanticHead(**SMALL)(x, isi)["seg_preds"].shape == (2, 5, 16, 16)


UNPADDED = [(15, 9), (8, 5), (4, 3), (2, 2), (1, 1)]


def test_isi_changes_the_logits():
    head = PriorSemanticHead(**SMALL).eval()
    x = pyramid()
    without = head(x, torch.zeros(2, 2, 16, 16))["seg_preds"]
    with_isi = head(x, torch.ones(2, 2, 16, 16))["seg_preds"]
    assert not torch.allclose(without, with_isi)


def samples(value):
    data = [DetDataSample(), DetDataSample()]
    for sample in data:
        seg = torch.full((1, 64, 64), value, dtype=torch.uint8)
        sample.gt_sem_seg = PixelData(sem_seg=seg)
    return data


def test_loss_by_hand():
    head = ConcatSemanticHead(**SMALL, loss_seg=dict(type="CrossEntropyLoss", loss_weight=0.5))
    nn.init.zeros_(head.classifier.weight)
    nn.init.zeros_(head.classifier.bias)
    loss = head.loss(pyramid(), samples(3))["loss_seg"]
    # Five classes alike: log 5, times the weight.
    assert loss.item() == pytest.approx(0.5 * torch.log(torch.tensor(5.0)).item(), rel=1e-5)


def test_loss_reads_each_pixel_where_it_is():
    """Of the labelled pixels of images that are not square."""
    head = ConcatSemanticHead(**SMALL).eval()
    x = tuple(torch.randn(2, 4, *size) for size in [(16, 12), (8, 6), (4, 3), (2, 2)])
    labels = torch.randint(0, 5, (2, 64, 48), generator=torch.Generator().manual_seed(0))
    labels[:, 40:] = 255
    data = [DetDataSample(), DetDataSample()]
    for sample, image in zip(data, labels, strict=True):
        sample.gt_sem_seg = PixelData(sem_seg=image[None])
    full = F.interpolate(head(x)["seg_preds"], (64, 48), mode="bilinear")
    expected = 0.5 * F.cross_entropy(full, labels, ignore_index=255)
    torch.testing.assert_close(head.loss(x, data)["loss_seg"], expected)


def test_nothing_but_void():
    head = ConcatSemanticHead(**SMALL)
    loss = head.loss(pyramid(), samples(255))["loss_seg"]
    assert loss.item() == 0
    loss.backward()
    assert all(torch.isfinite(p.grad).all() for p in head.parameters())


@pytest.mark.parametrize("rescale", [True, False])
def test_predict_leaves_padding_out(rescale):
    head = ConcatSemanticHead(**SMALL).eval()
    metas = [
        dict(batch_input_shape=(64, 64), img_shape=(64, 64), ori_shape=(128, 128)),
        dict(batch_input_shape=(64, 64), img_shape=(50, 40), ori_shape=(25, 20)),
    ]
    with torch.no_grad():
        shapes = [p.shape[1:] for p in head.predict(pyramid(), metas, rescale)]
    assert shapes == ([(128, 128), (25, 20)] if rescale else [(64, 64), (50, 40)])


def test_padding_does_not_bleed_into_the_image():
    head = ConcatSemanticHead(**SMALL).eval()
    logits = torch.zeros(1, 5, 2, 4)
    logits[..., 2:] = 100.0
    head.forward = lambda x, extra: dict(seg_preds=logits)
    meta = dict(batch_input_shape=(8, 16), img_shape=(8, 6), ori_shape=(16, 12))
    # The image ends two pixels before the middle of the jump from 0 to 100 at column 8.
    assert head.predict((), [meta], rescale=True)[0].max() == 0


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


def upsampled(head, x):
    """P2..P5 as the paper describes them: each upsampled to h x w."""
    first, *others = (f(level) for f, level in zip(head.conv_upsample_layers, x, strict=False))
    others = [F.interpolate(f, scale_factor=2, mode="bilinear") for f in others]
    return [first, *(F.interpolate(f, first.shape[-2:], mode="bilinear") for f in others)]


def assert_same_logits_and_gradients(head, inputs, expected):
    """``expected``: a function of the inputs."""
    found = []
    for function in (lambda *x: head(x[:5], *x[5:])["seg_preds"], expected):
        leaves = [x.clone().requires_grad_() for x in inputs]
        logits = function(*leaves)
        weight = torch.arange(logits.numel()).view_as(logits).cos()
        parameters = dict(head.named_parameters())
        wanted = [*leaves[:4], *leaves[5:], *parameters.values()]  # P6 is not used
        found.append([logits, *torch.autograd.grad((weight * logits).sum(), wanted)])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("sizes", [None, UNPADDED], ids=["padded", "unpadded"])
def test_equals_the_classifier_of_concatenated_levels(sizes):
    head = ConcatSemanticHead(**SMALL).eval()
    x = tuple(torch.randn(1, 4, *size) for size in sizes) if sizes else pyramid()

    def literal(*x):
        levels = torch.cat(upsampled(head, x), dim=1)
        return F.conv2d(levels, head.classifier.weight, head.classifier.bias)

    assert_same_logits_and_gradients(head, x, literal)


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


def test_isi_upsamples_again_in_the_backward_pass(monkeypatch):
    """The upsampled P3 to P5 are not kept."""
    calls, upsample = [], prior_semantic_head.upsample
    count = lambda *args: calls.append(args) or upsample(*args)  # noqa: E731
    monkeypatch.setattr(prior_semantic_head, "upsample", count)
    logits = PriorSemanticHead(**SMALL)(pyramid(), torch.randn(2, 2, 16, 16))["seg_preds"]
    assert len(calls) == 3
    logits.sum().backward()
    assert len(calls) == 6


def test_parts_by_hand():
    """Two channels in one tensor, one in the other: 1 * 1 + 2 * 10 + 3 * 100 + 0.5."""
    conv = PartsConv2d(3, 1, 1)
    with torch.no_grad():
        conv.weight.copy_(torch.tensor([1.0, 2.0, 3.0]).view(1, 3, 1, 1))
        conv.bias.fill_(0.5)
    parts = torch.tensor([[[[1.0]], [[10.0]]]]), torch.tensor([[[[100.0]]]])
    assert conv(parts).tolist() == [[[[321.5]]]]
    assert [share.item() for share in conv.shares(parts)] == [21.5, 300.0]


def test_parts_with_a_stride():
    conv = PartsConv2d(3, 4, 3, stride=2, padding=1)
    parts = torch.randn(1, 2, 9, 7), torch.randn(1, 1, 9, 7)
    torch.testing.assert_close(conv(parts), nn.Conv2d.forward(conv, torch.cat(parts, dim=1)))


def test_parts_of_other_widths_are_an_error():
    with pytest.raises(RuntimeError, match="split"):
        PartsConv2d(3, 1, 1)([torch.zeros(1, 2, 1, 1)])
