import pytest
import torch
import torch.nn.functional as F
from levels import SMALL, assert_same_logits_and_gradients, pyramid, upsampled
from mmdet.structures import DetDataSample
from mmengine.structures import PixelData
from torch import nn

from mmhps.models import ConcatSemanticHead


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


def test_forward_shapes():
    x = pyramid()
    assert ConcatSemanticHead(**SMALL)(x)["seg_preds"].shape == (2, 5, 16, 16)


UNPADDED = [(15, 9), (8, 5), (4, 3), (2, 2), (1, 1)]


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


@pytest.mark.parametrize("sizes", [None, UNPADDED], ids=["padded", "unpadded"])
def test_equals_the_classifier_of_concatenated_levels(sizes):
    head = ConcatSemanticHead(**SMALL).eval()
    x = tuple(torch.randn(1, 4, *size) for size in sizes) if sizes else pyramid()

    def literal(*x):
        levels = torch.cat(upsampled(head, x), dim=1)
        return F.conv2d(levels, head.classifier.weight, head.classifier.bias)

    assert_same_logits_and_gradients(head, x, literal)
