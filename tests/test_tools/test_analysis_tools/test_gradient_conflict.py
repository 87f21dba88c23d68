"""Gradients of two losses side by side."""

from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def command(load_tool):
    return load_tool("analysis_tools/gradient_conflict.py")


def test_every_part_is_compared(command, build_model, make_batch):
    model = build_model("mini/hps-isi_r18_mini.py").train()
    result = command.compare(model, [make_batch()])
    assert list(result) == list(command.PARTS)
    for ratio, cosine in result.values():
        assert ratio > 0 and -1 <= cosine <= 1
    # Without the panoptic loss's weight there is no gradient, and the angle is undefined: 0.
    model.panoptic_fusion_head.loss_weight = 0.0
    assert all(value == (0.0, 0.0) for value in command.compare(model, [make_batch()]).values())


def test_gradients_by_hand(command):
    model = torch.nn.ModuleDict(dict(neck=torch.nn.Linear(1, 1), other=torch.nn.Linear(1, 1)))
    weight = model["neck"].weight
    found = command.gradients(model, (3 * weight).sum() + model["other"].weight.sum())
    assert {part: vector.tolist() for part, vector in found.items()} == {"FPN": [3.0, 0.0]}


def test_a_model_without_panoptic_loss_is_refused(command):
    config = str(ROOT / "configs/mini/panoptic-fpn_r18_mini.py")
    with pytest.raises(SystemExit, match="there is no panoptic loss"):
        command.main([config, "none.pth", "--device", "cpu"])
