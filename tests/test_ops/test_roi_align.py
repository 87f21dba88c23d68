import math

import mmcv.ops
import pytest
import torch

from mmhps.compat.mmcv_ops import compiled_operators, has_compiled_operators
from mmhps.ops import roi_align

compiled = pytest.mark.skipif(
    not has_compiled_operators(), reason="mmcv is installed without compiled operators"
)

ROIS = torch.tensor(
    [
        [1, 3.0, 2.0, 30.0, 19.0],
        [0, 0.0, 0.0, 64.0, 32.0],  # the whole image
        [1, 60.0, 30.0, 64.0, 32.0],  # its corner
        [0, 10.2, 5.1, 10.3, 5.2],  # less than a cell
        [1, 7.0, 7.0, 7.0, 7.0],  # without area
        [0, -40.0, -9.0, 20.0, 50.0],  # beyond three sides
        [0, 70.0, 40.0, 90.0, 60.0],  # outside
        [1, 0.0, 15.0, 64.0, 16.0],  # a line
    ]
)


def features(seed=0):
    return torch.randn(2, 3, 8, 16, generator=torch.Generator().manual_seed(seed))


def reference(x, rois, size, scale, ratio, aligned=True):
    """One sample after the other, as the papers describe it."""
    rows = []
    for image, *corners in rois.tolist():
        left, top, right, bottom = (scale * corner - 0.5 * aligned for corner in corners)
        if not aligned:
            right, bottom = max(right, left + 1), max(bottom, top + 1)
        height, width = (bottom - top) / size[0], (right - left) / size[1]
        down, across = ratio or math.ceil(height), ratio or math.ceil(width)
        bins = torch.zeros(x.shape[1], *size)
        for i, j in torch.cartesian_prod(*map(torch.arange, size)).tolist():
            for u, v in torch.cartesian_prod(torch.arange(down), torch.arange(across)).tolist():
                y = top + (i + (u + 0.5) / down) * height
                value = interpolate(x[int(image)], y, left + (j + (v + 0.5) / across) * width)
                bins[:, i, j] += value / (down * across)
        rows.append(bins)
    return torch.stack(rows)


def interpolate(x, row, column):
    """(C, h, w) -> (C,) at a point; 0 farther than a cell outside."""
    _, height, width = x.shape
    if not (-1 <= row <= height and -1 <= column <= width):
        return torch.zeros(len(x))
    row, column = min(max(row, 0), height - 1), min(max(column, 0), width - 1)
    i, j = min(int(row), height - 2), min(int(column), width - 2)
    r, c = row - i, column - j
    upper = (1 - c) * x[:, i, j] + c * x[:, i, j + 1]
    lower = (1 - c) * x[:, i + 1, j] + c * x[:, i + 1, j + 1]
    return (1 - r) * upper + r * lower


def test_no_boxes():
    x = features().requires_grad_()
    pooled = roi_align(x, torch.zeros(0, 5), 7)
    assert pooled.shape == (0, 3, 7, 7)
    pooled.sum().backward()
    assert (x.grad == 0).all()


def test_one_bin_by_hand():
    # The middle of the box is the point (1, 1) between the four cells.
    x = torch.tensor([[[[1.0, 2.0], [3.0, 6.0]]]])
    rois = torch.tensor([[0, 0.0, 0.0, 4.0, 4.0]])
    assert roi_align(x, rois, 1, spatial_scale=0.5, sampling_ratio=1).tolist() == [[[[3.0]]]]


def test_adaptive_samples_by_hand():
    # Four cells wide, one high: samples at their middles, 0 to 3.
    x = torch.tensor([[[[1.0, 2.0, 4.0, 8.0]]]])
    rois = torch.tensor([[0, 0.0, 0.0, 4.0, 1.0]])
    assert roi_align(x, rois, 1).tolist() == [[[[15 / 4]]]]
    # With two samples, at 0.5 and 2.5: (1.5 + 6) / 2.
    assert roi_align(x, rois, 1, sampling_ratio=2).tolist() == [[[[3.75]]]]
    # Two bins along each axis, with two samples across and one down: at -0.25 and 0.25.
    assert roi_align(x, rois, 2).tolist() == [[[[1.5, 6.0], [1.5, 6.0]]]]


@pytest.mark.parametrize(
    ("left", "value"), [(-1.0, 1), (-1.1, 0), (4.0, 8), (4.1, 0)], ids="{0}".format
)
def test_samples_up_to_a_cell_outside_count(left, value):
    # The one sample of the box lies at ``left``, counted from the middle of the first cell.
    x = torch.tensor([[[[1.0, 2.0, 4.0, 8.0]]]])
    rois = torch.tensor([[0, left, 0.0, left + 1, 1.0]])
    assert roi_align(x, rois, 1, sampling_ratio=1).item() == value


def test_no_gradient_flows_to_the_boxes():
    x, rois = features().requires_grad_(), ROIS.clone().requires_grad_()
    roi_align(x, rois, 2, 0.25).sum().backward()
    assert rois.grad is None and x.grad.abs().sum() > 0


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_boxes_in_half_precision(dtype):
    rois = ROIS[:2].to(dtype)
    expected = roi_align(features().to(dtype).float(), rois.float(), 7, 0.25)
    pooled = roi_align(features().to(dtype).float(), rois, 7, 0.25)
    assert torch.equal(pooled, expected)


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("ratio", [0, 1, 2])
@pytest.mark.parametrize("size", [(1, 1), (3, 3), (2, 5)], ids=str)
def test_equals_the_reference(size, ratio, aligned):
    expected = reference(features(), ROIS, size, 0.25, ratio, aligned)
    pooled = roi_align(features(), ROIS, size, 0.25, ratio, aligned)
    torch.testing.assert_close(pooled, expected, atol=1e-5, rtol=1e-5)


@compiled
@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("ratio", [0, 1, 2])
@pytest.mark.parametrize("size", [(1, 1), (7, 7), (14, 14), (2, 5)], ids=str)
def test_equals_mmcv_forwards_and_backwards(size, ratio, aligned):
    ours, theirs = features().requires_grad_(), features().requires_grad_()
    weight = torch.randn(len(ROIS), 3, *size, generator=torch.Generator().manual_seed(1))
    pooled = roi_align(ours, ROIS, size, 0.25, ratio, aligned)
    (pooled * weight).sum().backward()
    with compiled_operators():
        expected = mmcv.ops.roi_align(theirs, ROIS, size, 0.25, ratio, "avg", aligned)
        (expected * weight).sum().backward()
    torch.testing.assert_close(pooled, expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-4, rtol=1e-4)


@compiled
@pytest.mark.parametrize("ratio", [0, 2])
def test_many_boxes_equal_mmcv(ratio):
    generator = torch.Generator().manual_seed(2)
    corners = torch.rand(300, 2, 2, generator=generator) * torch.tensor([100.0, 60.0]) - 20
    boxes = torch.cat([corners.amin(1), corners.amax(1)], dim=1)
    rois = torch.cat([torch.arange(300.0)[:, None] % 2, boxes], dim=1)
    with compiled_operators():
        expected = mmcv.ops.roi_align(features(), rois, (7, 7), 0.25, ratio, "avg", True)
    pooled = roi_align(features(), rois, 7, 0.25, ratio)
    torch.testing.assert_close(pooled, expected, atol=1e-5, rtol=1e-5)


def test_memory_layout_does_not_matter():
    x = features()
    last = x.contiguous(memory_format=torch.channels_last)
    assert torch.equal(roi_align(last, ROIS, 7, 0.25), roi_align(x, ROIS, 7, 0.25))


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_box_that_is_not_finite_counts_as_nothing(value):
    rois = torch.tensor([[0, 1.0, 1.0, 5.0, 5.0], [0, 1.0, 1.0, value, 5.0]])
    pooled = roi_align(features(), rois, 2)
    assert torch.equal(pooled[:1], roi_align(features(), rois[:1], 2))
    assert (pooled[1] == 0).all()


@pytest.mark.parametrize("ratio", [0, 1])
def test_gradient(ratio):
    x = features().double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: roi_align(x, ROIS, 2, 0.25, ratio), x)
