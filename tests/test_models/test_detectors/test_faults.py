"""Training on batches and with numbers that go wrong easily, for each of the four systems."""

import pytest
import torch
from model_parts import SYSTEMS, losses_of

from mmhps.engine import BFloat16OptimWrapper

LAST_LAYERS = ["fc_cls", "conv_logits", "classifier", "rpn_cls"]


@pytest.fixture(params=SYSTEMS)
def model(build_model, request):
    return build_model(f"mini/{request.param}_r18_mini.py").train()


def assert_sound(model, total, logged):
    """Every loss is finite, and every parameter gets a finite gradient."""
    total.backward()
    assert all(value.isfinite() for value in logged.values()), logged
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name


def gradient(module):
    return sum(p.grad.abs().sum().item() for p in module.parameters() if p.grad is not None)


def parts(model, name):
    return [m for key, m in model.named_modules() if key.rpartition(".")[2] == name]


def test_no_instance(model, make_batch):
    total, logged = losses_of(model, make_batch(boxes=[]))
    assert_sound(model, total, logged)
    # Background is learned, a mask or a box is not.
    assert logged["loss_mask"] == logged["loss_bbox"] == logged["loss_rpn_bbox"] == 0
    assert logged["loss_seg"] > 0 and logged["loss_cls"] > 0
    assert [gradient(head) for head in parts(model, "mask_head")] == [0]


def test_only_ignored_instances(model, make_batch):
    total, logged = losses_of(model, make_batch(crowd=True))
    assert_sound(model, total, logged)
    assert logged["loss_mask"] == logged["loss_bbox"] == logged["loss_rpn_bbox"] == 0


@pytest.mark.parametrize("system", ["hps", "hps-isi"])
@pytest.mark.parametrize("content", [dict(boxes=[]), dict(crowd=True)], ids=str)
def test_false_detections_alone(build_model, make_batch, system, content):
    """HPS detects in training, too; here everything that it is unsure of."""
    head = dict(train_instances=dict(score_thr=0.0))
    model = build_model(f"mini/{system}_r18_mini.py", roi_head=head).train()
    total, logged = losses_of(model, make_batch(**content))
    assert_sound(model, total, logged)
    assert logged["loss_mask"] == logged["loss_bbox"] == 0
    # They are in the ISI, as at test, so that the semantic loss teaches the masks.
    assert (gradient(model.roi_head.mask_head) > 0) == (system == "hps-isi")


def test_nothing_but_an_ignored_instance_teaches_nothing(model, make_batch):
    """It covers the image, but heads need a box: proposals then are background all the same."""
    batch = make_batch(boxes=[[0, 0, 64, 64]], crowd=True)
    for sample in batch["data_samples"]:
        sample.gt_sem_seg.sem_seg.fill_(255)
    total, logged = losses_of(model, batch)
    assert_sound(model, total, logged)
    taught = {key for key, value in logged.items() if "loss_" in key and value > 0}
    assert taught == {"loss_rpn_cls", "loss_cls"}, logged


def test_nothing_but_void(model, make_batch):
    total, logged = losses_of(model, make_batch(boxes=[], void=True))
    assert_sound(model, total, logged)
    assert logged["loss_seg"] == logged["loss_mask"] == logged.get("loss_panoptic", 0) == 0
    assert [gradient(head) for head in parts(model, "semantic_head")] == [0]


def test_one_image_with_instances_beside_one_without(model, make_batch):
    batch, empty = make_batch(((64, 64),)), make_batch(((64, 64),), boxes=[])
    total, logged = losses_of(model, {key: batch[key] + empty[key] for key in batch})
    assert_sound(model, total, logged)
    assert logged["loss_mask"] > 0


@pytest.mark.parametrize("layer", LAST_LAYERS)
def test_huge_logits(model, make_batch, layer):
    with torch.no_grad():
        for module in parts(model, layer):
            for parameter in module.parameters():
                parameter.mul_(1e4).add_(1e4)
    assert parts(model, layer)
    total, logged = losses_of(model, make_batch())
    assert_sound(model, total, logged)


@pytest.mark.parametrize("content", [{}, dict(boxes=[]), dict(boxes=[], void=True)], ids=str)
def test_bfloat16(model, make_batch, content):
    """One step of ``--amp`` on a CPU."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    wrapper = BFloat16OptimWrapper(optimizer=optimizer)
    logged = model.train_step(make_batch(**content), wrapper)
    assert all(value.isfinite() for value in logged.values()), logged
    assert all(p.isfinite().all() for p in model.parameters())
