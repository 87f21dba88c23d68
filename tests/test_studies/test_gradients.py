"""Gradients of two losses side by side."""

import pytest
import torch

from mmhps.studies.gradients import PARTS, compare_losses, gradients


def test_every_part_is_compared(build_model, make_batch):
    model = build_model("mini/hps-isi_r18_mini.py").train()
    result = compare_losses(model, [make_batch()])
    assert list(result) == list(PARTS)
    for ratio, cosine in result.values():
        assert ratio > 0 and -1 <= cosine <= 1
    # With a weight that vanishes in float32 there is no gradient, and the angle is undefined: 0.
    model.panoptic_fusion_head.loss_weight = 1e-60
    assert all(value == (0.0, 0.0) for value in compare_losses(model, [make_batch()]).values())


def test_gradients_by_hand():
    model = torch.nn.ModuleDict(dict(neck=torch.nn.Linear(1, 1), other=torch.nn.Linear(1, 1)))
    weight = model["neck"].weight
    found = gradients(model, (3 * weight).sum() + model["other"].weight.sum())
    assert {part: vector.tolist() for part, vector in found.items()} == {"FPN": [3.0, 0.0]}


def test_a_model_without_panoptic_loss_is_refused(build_model, make_batch):
    model = build_model("mini/panoptic-fpn_r18_mini.py").train()
    with pytest.raises(ValueError, match="the model has no panoptic loss. Use a config of HPS"):
        compare_losses(model, [make_batch()])
