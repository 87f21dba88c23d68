import copy
from types import SimpleNamespace

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.registry import init_default_scope

from mmhps.apis.trained_models import (
    load_model,
    load_model_of_classes,
    predict_panoptic,
)
from mmhps.models import set_class_counts


@pytest.fixture
def linear(monkeypatch):
    """A registered model with two weights."""
    monkeypatch.setitem(MODELS._module_dict, "TinyLinear", torch.nn.Linear)
    return dict(type="TinyLinear", in_features=1, out_features=1)


def test_model_gets_its_weights(linear):
    weights = dict(weight=torch.tensor([[2.0]]), bias=torch.tensor([3.0]))
    model = load_model(linear, dict(state_dict=weights))
    assert model(torch.ones(1)).item() == 5
    assert not model.training


@pytest.mark.parametrize(
    ("weights", "reason"),
    [
        (dict(weight=torch.ones(1, 1)), "Missing key.*bias"),
        (dict(weight=torch.ones(2, 1), bias=torch.ones(1)), "size mismatch for weight"),
    ],
)
def test_weights_must_fit(linear, weights, reason):
    with pytest.raises(ValueError, match=rf"a\.pth: its weights do not fit the config.*{reason}"):
        load_model(linear, dict(state_dict=weights), "a.pth")


def test_heads_get_the_classes_of_the_checkpoint(tiny_config):
    """The config has those of Cityscapes, and is left as it is."""
    init_default_scope("mmdet")
    cfg = tiny_config("mini/hps-isi_r18_mini.py")
    meta = dict(classes=("cat", "dog", "sky"), thing_classes=("cat", "dog"))
    own = copy.deepcopy(cfg.model)
    set_class_counts(own, meta)
    state = MODELS.build(own).state_dict()
    checkpoint = dict(state_dict=state, meta=dict(dataset_meta=meta))
    model = load_model(cfg.model, checkpoint)
    assert model.panoptic_fusion_head.num_classes == 3
    assert model.roi_head.mask_head.num_classes == 2
    assert cfg.model.semantic_head.num_things_classes == 8


def test_prediction_is_the_map_at_file_size():
    class Model:
        def test_step(self, batch):
            assert batch == dict(inputs=[7], data_samples=["sample"])
            assert torch.is_inference_mode_enabled()
            ids = torch.tensor([[[1000, 3]]], dtype=torch.int32)
            return [SimpleNamespace(pred_panoptic_seg=SimpleNamespace(sem_seg=ids))]

    info = dict(img_path="photo.png")
    seen = []

    def pipeline(results):
        seen.append(results.pop("img_path"))
        return dict(inputs=7, data_samples="sample")

    assert predict_panoptic(Model(), pipeline, info).tolist() == [[1000, 3]]
    assert seen == ["photo.png"]
    assert info == dict(img_path="photo.png")  # the data set's own info is not changed


def test_checkpoint_of_other_classes_is_refused(linear, tmp_path):
    weights = dict(weight=torch.tensor([[2.0]]), bias=torch.tensor([3.0]))
    path, expected = str(tmp_path / "a.pth"), {"data.json": ("person", "car")}
    torch.save(dict(state_dict=weights), path)  # it names no classes
    assert load_model_of_classes(linear, path, expected)(torch.ones(1)).item() == 5
    meta = dict(dataset_meta=dict(classes=("person", "car")))
    torch.save(dict(state_dict=weights, meta=meta), path)
    assert load_model_of_classes(linear, path, expected)(torch.ones(1)).item() == 5
    torch.save(dict(state_dict=weights, meta=dict(dataset_meta=dict(classes=("car",)))), path)
    with pytest.raises(
        ValueError, match=r"2 classes in data\.json, 1 in .*a\.pth.*Compare models of one"
    ):
        load_model_of_classes(linear, path, expected)
