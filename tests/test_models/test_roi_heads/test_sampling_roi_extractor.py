from contextlib import nullcontext

import pytest
import torch
from mmdet.registry import MODELS

from mmhps.compat.mmcv_ops import compiled_operators, has_compiled_operators
from mmhps.models.roi_heads.sampling_roi_extractor import SamplingRoIAlign

ROIS = torch.tensor(
    [[1, 3.0, 2.0, 30.0, 19.0], [0, 0.0, 0.0, 64.0, 32.0], [1, 60.0, 30.0, 64.0, 32.0]]
)
OPTIONS = dict(out_channels=3, featmap_strides=[4, 8], finest_scale=8)


def build(kind, **layer):
    layer = dict(type="RoIAlign", output_size=7, **layer)
    return MODELS.build(dict(type=kind, roi_layer=layer, **OPTIONS))


def levels():
    generator = torch.Generator().manual_seed(0)
    sizes = (8, 16), (4, 8)
    return tuple(torch.randn(2, 3, *size, generator=generator) for size in sizes)


@pytest.mark.parametrize("ratio", [0, 1])
def test_equals_the_single_roi_extractor(ratio):
    ours, theirs = (
        build(k, sampling_ratio=ratio) for k in ("SamplingRoIExtractor", "SingleRoIExtractor")
    )
    assert ours.map_roi_levels(ROIS, 2).unique().tolist() == [0, 1]
    # mmcv's own operators where it has them; else it is the routing to the levels that is compared.
    with compiled_operators() if has_compiled_operators() else nullcontext():
        expected = theirs(levels(), ROIS)
    torch.testing.assert_close(ours(levels(), ROIS), expected, atol=1e-5, rtol=1e-5)


def test_no_boxes():
    feats = tuple(level.requires_grad_() for level in levels())
    out = build("SamplingRoIExtractor")(feats, torch.zeros(0, 5))
    assert out.shape == (0, 3, 7, 7)
    out.sum().backward()
    assert all((level.grad == 0).all() for level in feats)


@pytest.mark.parametrize(
    "options", [dict(aligned=False), dict(pool_mode="max"), dict(output_size=(7, 14))], ids=str
)
def test_what_it_cannot_compute_is_refused(options):
    with pytest.raises(ValueError, match=r"only square outputs, .*Use SingleRoIExtractor"):
        SamplingRoIAlign(**{"output_size": 7, **options})


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_mixed_precision_keeps_the_type_and_the_places(dtype):
    """A box of 130.5 to 134.5 pixels; the next numbers of bfloat16 would be 130 and 134."""
    extractor = MODELS.build(
        dict(
            type="SamplingRoIExtractor",
            roi_layer=dict(type="RoIAlign", output_size=1, sampling_ratio=1),
            out_channels=1,
            featmap_strides=[1],
        )
    )
    edge = (torch.arange(256) >= 132).expand(1, 1, 256, 256).to(dtype)
    rois = torch.tensor([[0, 130.5, 100, 134.5, 104]])
    with torch.autocast("cpu", dtype):
        pooled = extractor((edge,), rois)
    assert pooled.dtype is dtype
    # The middle, 132.5, is the middle of the first pixel behind the edge; 132 would give a half.
    assert pooled.item() == 1
