import pytest
import torch
from mmcv.ops import RoIAlign
from mmdet.registry import MODELS

import mmhps  # noqa: F401
from mmhps.models.roi_heads.sampling_roi_extractor import SamplingRoIAlign

ROIS = torch.tensor(
    [
        [1, 3.0, 2.0, 30.0, 19.0],
        [0, 0.0, 0.0, 64.0, 32.0],
        [1, 60.0, 30.0, 64.0, 32.0],
        [0, 10.2, 5.1, 10.3, 5.2],
        [1, 7.0, 7.0, 7.0, 7.0],
    ]
)


def features(seed=0):
    return torch.randn(2, 3, 8, 16, generator=torch.Generator().manual_seed(seed))


def test_no_rois():
    x = features().requires_grad_()
    out = SamplingRoIAlign(0.25, 7, 1)(x, torch.zeros(0, 5))
    assert out.shape == (0, 3, 7, 7)
    out.sum().backward()
    assert (x.grad == 0).all()


def test_one_bin_by_hand():
    # The middle of the box is the point (1, 1) between the four pixels.
    x = torch.tensor([[[[1.0, 2.0], [3.0, 6.0]]]])
    out = SamplingRoIAlign(0.5, 1, 1)(x, torch.tensor([[0, 0.0, 0.0, 4.0, 4.0]]))
    assert out.tolist() == [[[[3.0]]]]


@pytest.mark.parametrize("ratio", [1, 2])
@pytest.mark.parametrize("size", [7, 14])
def test_equals_mmcv_forwards_and_backwards(size, ratio):
    ours, theirs = features().requires_grad_(), features().requires_grad_()
    weight = torch.randn(len(ROIS), 3, size, size, generator=torch.Generator().manual_seed(1))
    out = SamplingRoIAlign(0.25, size, ratio)(ours, ROIS)
    expected = RoIAlign(size, 0.25, ratio)(theirs, ROIS)
    torch.testing.assert_close(out, expected, atol=1e-5, rtol=1e-5)
    (out * weight).sum().backward()
    (expected * weight).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-4, rtol=1e-4)


def test_extractor_equals_the_single_roi_extractor():
    levels = [features(k) for k in range(2)]
    levels[1] = levels[1][..., ::2, ::2].contiguous()  # mmcv reads memory as if it were
    options = dict(
        roi_layer=dict(type="RoIAlign", output_size=7, sampling_ratio=1),
        out_channels=3,
        featmap_strides=[4, 8],
        finest_scale=8,
    )
    ours = MODELS.build(dict(type="SamplingRoIExtractor", **options))
    theirs = MODELS.build(dict(type="SingleRoIExtractor", **options))
    assert ours.map_roi_levels(ROIS, 2).unique().tolist() == [0, 1]
    torch.testing.assert_close(ours(levels, ROIS), theirs(levels, ROIS), atol=1e-5, rtol=1e-5)


def test_adaptive_sampling_is_refused():
    with pytest.raises(ValueError, match="sampling_ratio must be at least 1, got 0"):
        SamplingRoIAlign(0.25, 7, 0)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_mixed_precision_keeps_the_type_and_the_places(dtype):
    """The ramp tells where it is sampled, to less than half precision tells places apart."""
    align = SamplingRoIAlign(1.0, output_size=1, sampling_ratio=1)
    ramp = torch.arange(256.0).expand(1, 1, 256, 256).to(dtype)
    rois = torch.tensor([[0, 98.5, 100, 102.5, 104]], dtype=dtype)
    with torch.autocast("cpu", dtype):
        pooled = align(ramp, rois)
    assert pooled.dtype is dtype
    # The middle of the box is at 100.5 (or where the type rounds its corners to), pixel 100.
    middle = rois[0, [1, 3]].float().mean()
    assert pooled.float().item() == pytest.approx(middle.item() - 0.5, abs=0.25)
