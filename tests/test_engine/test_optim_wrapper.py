"""Mixed precision on a CPU."""

import pytest
import torch
from mmcv.ops import RoIAlign, nms
from torch import nn

from mmhps.engine import BFloat16OptimWrapper


@pytest.fixture
def wrapper():
    return BFloat16OptimWrapper(optimizer=torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.1))


def test_layers_compute_in_bfloat16_and_weights_stay_float32(wrapper):
    layer = nn.Linear(2, 2)
    with wrapper.optim_context(layer):
        output = layer(torch.ones(1, 2))
    assert output.dtype is torch.bfloat16
    assert layer.weight.dtype is torch.float32
    assert layer(torch.ones(1, 2)).dtype is torch.float32


def test_step_updates_the_weights(wrapper):
    weight = wrapper.optimizer.param_groups[0]["params"][0]
    with wrapper.optim_context(nn.Identity()):
        loss = (3 * weight).sum()
    wrapper.update_params(loss)
    assert weight.item() == pytest.approx(1 - 0.1 * 3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_nms_takes_bfloat16(wrapper, dtype):
    boxes = torch.tensor([[0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30]], dtype=dtype)
    scores = torch.tensor([0.5, 0.75, 0.25], dtype=dtype)
    _, kept = nms(boxes, scores, iou_threshold=0.5)
    assert kept.tolist() == [1, 2]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_nms_takes_no_boxes(wrapper, dtype):
    _, kept = nms(torch.zeros(0, 4, dtype=dtype), torch.zeros(0, dtype=dtype), iou_threshold=0.5)
    assert kept.tolist() == []


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_roi_align_keeps_the_type_and_passes_the_gradient(wrapper, dtype):
    features = torch.full((1, 1, 4, 4), 2.0, dtype=dtype, requires_grad=True)
    rois = torch.tensor([[0.0, 0, 0, 4, 4]], dtype=dtype)
    pooled = RoIAlign(output_size=1, sampling_ratio=4, aligned=True)(features, rois)
    pooled.sum().backward()
    assert pooled.dtype is dtype
    assert pooled.item() == 2
    # One bin over the whole map is its mean.
    assert features.grad.dtype is dtype
    assert features.grad.sum().item() == pytest.approx(1, rel=1e-2)
