import os
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.logging import HistoryBuffer

from mmhps.visualization.trained_models import (
    check_classes,
    load_checkpoint,
    load_model,
    load_model_of_classes,
    predict_panoptic,
)


class RunsCode:
    """Unpickling it would call a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def test_training_checkpoint_with_its_log(tmp_path):
    buffer = HistoryBuffer([1.5, 2.5], [1, 1])
    buffer.update(np.float64(3.5))
    saved = dict(
        state_dict=dict(weight=torch.ones(2)),
        meta=dict(dataset_meta=dict(classes=("a", "b"), palette=[(1, 2, 3)]), epoch=3),
        message_hub=dict(log_scalars=dict(loss=buffer), runtime_info=dict(lr=np.float64(0.1))),
    )
    torch.save(saved, tmp_path / "epoch_3.pth")
    loaded = load_checkpoint(str(tmp_path / "epoch_3.pth"))
    assert loaded["state_dict"]["weight"].tolist() == [1, 1]
    assert loaded["meta"] == saved["meta"]
    assert loaded["message_hub"]["log_scalars"]["loss"].max() == 3.5


@pytest.mark.parametrize(
    ("function", "arguments"),
    [(os.mkdir, ("made",)), (getattr, (dict, "fromkeys")), (eval, ("1 + 1",))],
)
def test_code_is_refused(tmp_path, monkeypatch, function, arguments):
    monkeypatch.chdir(tmp_path)
    torch.save(dict(state_dict={}, extra=RunsCode(function, *arguments)), "evil.pth")
    with pytest.raises(ValueError, match=r"evil\.pth: cannot be read as weights"):
        load_checkpoint("evil.pth")
    assert not (tmp_path / "made").exists()


def test_missing_damaged_and_foreign_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="none.pth: checkpoint not found"):
        load_checkpoint(str(tmp_path / "none.pth"))
    (tmp_path / "text.pth").write_text("no checkpoint")
    with pytest.raises(ValueError, match=r"text\.pth: cannot be read as weights"):
        load_checkpoint(str(tmp_path / "text.pth"))
    torch.save(torch.ones(1), tmp_path / "tensor.pth")
    with pytest.raises(ValueError, match='expected a dictionary with a "state_dict".* got Tensor'):
        load_checkpoint(str(tmp_path / "tensor.pth"))


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


def test_classes_must_agree():
    classes = ("person", "car", "road")
    check_classes({"a.py": classes})
    check_classes({"a.py": classes, "b.py": list(classes)})
    with pytest.raises(ValueError, match=r"b\.py: its classes differ from those of a\.py"):
        check_classes({"a.py": classes, "b.py": ("car", "person", "road")})


def test_checkpoint_of_other_classes_is_refused(linear, tmp_path):
    weights = dict(weight=torch.tensor([[2.0]]), bias=torch.tensor([3.0]))
    path, expected = str(tmp_path / "a.pth"), {"data.json": ("person", "car")}
    torch.save(dict(state_dict=weights), path)  # it names no classes
    assert load_model_of_classes(linear, path, expected)(torch.ones(1)).item() == 5
    meta = dict(dataset_meta=dict(classes=("person", "car")))
    torch.save(dict(state_dict=weights, meta=meta), path)
    assert load_model_of_classes(linear, path, expected)(torch.ones(1)).item() == 5
    torch.save(dict(state_dict=weights, meta=dict(dataset_meta=dict(classes=("car",)))), path)
    with pytest.raises(ValueError, match=r"a\.pth: its classes differ from those of data\.json"):
        load_model_of_classes(linear, path, expected)
