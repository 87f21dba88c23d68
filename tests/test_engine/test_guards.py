"""Hooks that stop a run which would go wrong in silence."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmhps.datasets import CityscapesPanopticDataset
from mmhps.engine import guards
from mmhps.engine.guards import (
    FiniteLossHook,
    RepeatableHook,
    check_classes,
    check_model_classes,
    check_tensors,
)

META = dict(CityscapesPanopticDataset.METAINFO)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_each_loss_that_is_not_finite_is_named(value):
    samples = [SimpleNamespace(metainfo=dict(img_path=f"{i}.png")) for i in (3, 5)]
    outputs = dict(loss_mask=torch.tensor(value), loss_cls=torch.tensor(1.0))
    with pytest.raises(ValueError, match=r"iteration 8: .*: loss_mask; images: 3\.png, 5\.png\."):
        FiniteLossHook().after_train_iter(
            SimpleNamespace(iter=7), 0, dict(data_samples=samples), outputs
        )


def test_all_losses_that_are_not_finite_are_named():
    outputs = dict(loss_mask=torch.tensor(float("nan")), loss_cls=torch.tensor(1.0))
    outputs["loss_seg"] = torch.tensor(float("inf"))
    with pytest.raises(ValueError, match="not finite: loss_mask, loss_seg;"):
        FiniteLossHook().after_train_iter(SimpleNamespace(iter=7), 0, None, outputs)


def test_finite_losses_pass():
    outputs = dict(loss=torch.tensor(1e30), loss_mask=torch.tensor(0.0))
    FiniteLossHook().after_train_iter(SimpleNamespace(iter=0), 0, None, outputs)
    FiniteLossHook().after_train_iter(SimpleNamespace(iter=0), 0)


def test_a_step_draws_the_same_numbers_whatever_came_before():
    def drawn(iteration, seed=1):
        RepeatableHook().before_train_iter(SimpleNamespace(seed=seed, iter=iteration), 0)
        return float(torch.rand(())), float(np.random.rand())

    first, second = drawn(0), drawn(1)
    assert drawn(0) == first and drawn(1) == second
    # A seed's step is not the neighbouring seed's neighbouring step.
    assert len({first, second, drawn(0, seed=2), drawn(1, seed=0)}) == 4


def test_each_process_draws_its_own_numbers(monkeypatch):
    def drawn(rank):
        monkeypatch.setattr(guards, "get_rank", lambda: rank)
        RepeatableHook().before_train_iter(SimpleNamespace(seed=1, iter=0), 0)
        return float(torch.rand(()))

    assert drawn(0) != drawn(1)


@pytest.mark.parametrize("system", ["semantic-plus-instance", "panoptic-fpn", "hps", "hps-isi"])
def test_model_and_data_fit(build_model, system):
    check_model_classes(build_model(f"mini/{system}_r18_mini.py"), META)


def test_model_of_other_classes_is_refused(build_model):
    model = build_model("mini/hps_r18_mini.py")
    fewer = dict(classes=META["classes"][:-1], thing_classes=META["thing_classes"])
    with pytest.raises(
        ValueError, match=r"8 thing and 10 stuff classes: .*num_stuff_classes is 11"
    ):
        check_model_classes(model, fewer)
    shifted = dict(classes=META["classes"], thing_classes=META["thing_classes"][:-1])
    with pytest.raises(ValueError, match=r"bbox_head\.num_classes is 8, should be 7"):
        check_model_classes(model, shifted)


@pytest.mark.parametrize(
    ("part", "attribute"),
    [
        ("panoptic_fusion_head", "num_things_classes"),
        ("panoptic_fusion_head", "num_stuff_classes"),
        ("semantic_head", "num_classes"),
        ("bbox_head", "num_classes"),
        ("mask_head", "num_classes"),
    ],
)
def test_each_head_is_compared(build_model, part, attribute):
    model = build_model("mini/hps_r18_mini.py")
    (head,) = [m for name, m in model.named_modules() if name.rpartition(".")[2] == part]
    right = getattr(head, attribute)
    setattr(head, attribute, right + 1)
    with pytest.raises(
        ValueError, match=rf"{part}\.{attribute} is {right + 1}, should be {right}\."
    ):
        check_model_classes(model, META)


def test_data_without_thing_classes_is_not_compared(build_model):
    check_model_classes(build_model("mini/hps_r18_mini.py"), dict(classes=("box",)))


def test_classes_agree():
    names = ("person", "car")
    check_classes({}, "")
    check_classes({"a.pth": ()}, "")
    check_classes({"a.pth": names, "b.pth": (), "the data": list(names)}, "")


def test_classes_differ():
    sources = {"unknown": (), "a.pth": ("car", "person"), "the data": ("car", "bus")}
    with pytest.raises(ValueError, match=r"class 1 is 'person' in a\.pth, 'bus' in .*Give in\."):
        check_classes(sources, "Give in.")
    with pytest.raises(ValueError, match=r"2 classes in a\.pth, 1 in the data"):
        check_classes({**sources, "the data": ("car",)}, "")


def test_every_source_is_compared_in_order():
    with pytest.raises(ValueError, match="class 0 is 'person' in a, 'car' in b"):
        check_classes(dict(a=("person", "car"), b=("car", "person")), "")
    with pytest.raises(ValueError, match="class 0 is 'person' in a, 'car' in c"):
        check_classes(dict(a=("person",), b=("person",), c=("car",)), "")


def test_counters_of_batches_may_be_missing():
    norm = torch.nn.BatchNorm2d(1)
    state = {k: v for k, v in norm.state_dict().items() if k != "num_batches_tracked"}
    check_tensors(norm, state, complete=True)


def test_tensors():
    layer = torch.nn.Linear(2, 1)
    state = layer.state_dict()
    check_tensors(layer, state, complete=True)
    check_tensors(layer, {f"module.{k}": v for k, v in state.items()}, complete=True)
    check_tensors(layer, dict(weight=state["weight"], more=state["bias"]), complete=False)
    with pytest.raises(ValueError, match="lacks tensors of the model: bias"):
        check_tensors(layer, dict(weight=state["weight"]), complete=True)
    with pytest.raises(ValueError, match="lacks tensors of the model: weight, bias"):
        check_tensors(layer, {}, complete=False)
    with pytest.raises(ValueError, match=r"weight \(1, 3\) in place of \(1, 2\)"):
        check_tensors(layer, dict(state, weight=torch.zeros(1, 3)), complete=False)
