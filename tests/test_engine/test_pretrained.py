"""Pretrained weights without torchvision."""

import sys

import pytest
from mmengine.config import ConfigDict

from mmhps.engine.pretrained import torchvision_problem


def model(checkpoint):
    return ConfigDict(backbone=dict(init_cfg=dict(type="Pretrained", checkpoint=checkpoint)))


@pytest.mark.parametrize("broken", [ImportError("no module"), RuntimeError("no operator nms")])
def test_says_where_the_weights_are(monkeypatch, broken):
    class Broken:
        def find_spec(self, name, *_):
            if name == "torchvision":
                raise broken

    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    key = "model.backbone.init_cfg.checkpoint"
    problem = torchvision_problem(model("torchvision://resnet101"))
    assert problem.startswith(f"{key}=torchvision://resnet101 needs torchvision, which cannot")
    assert str(broken) in problem
    assert f"{key}=https://download.pytorch.org/models/resnet101-63fe2227.pth\n" in problem
    assert problem.endswith("--cfg-options model.backbone.init_cfg=None")
    assert f"{key}=URL\n" in torchvision_problem(model("torchvision://resnet50.imagenet1k_v2"))


@pytest.mark.parametrize("checkpoint", [None, "resnet.pth", "https://a.b/c.pth", "open-mmlab://x"])
def test_other_weights_need_no_torchvision(checkpoint):
    assert torchvision_problem(ConfigDict()) is None
    assert torchvision_problem(model(checkpoint)) is None


def test_nothing_to_say_where_torchvision_works(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", sys)
    assert torchvision_problem(model("torchvision://resnet101")) is None
