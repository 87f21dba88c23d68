"""A broken file stops tools/train.py and tools/test.py with an error that names it."""

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModel
from mmengine.structures import PixelData
from PIL import Image

pytestmark = pytest.mark.slow

CONFIG = """
default_scope = "mmdet"
model = dict(type="AllRoad", data_preprocessor=dict(type="DetDataPreprocessor"))
load = dict(type="LoadImageFromFile", imdecode_backend="pillow")
def loader(split, sampler, pipeline, **kwargs):
    return dict(batch_size=1, num_workers=1, sampler=sampler, dataset=dict(
        type="CityscapesPanopticDataset", data_root={root!r}, pipeline=pipeline,
        data_prefix=dict(img=f"leftImg8bit/{{split}}", seg=f"gtFine/{{split}}"), **kwargs))
train_dataloader = loader("train", dict(type="InfiniteSampler"), [
    load, dict(type="LoadPanopticIds"), dict(type="PanopticIdsToInstances"),
    dict(type="PackPanopticInputs")])
val_dataloader = test_dataloader = loader(
    "val", dict(type="DefaultSampler", shuffle=False), [load, dict(type="PackPanopticInputs")],
    test_mode=True)
del loader
val_evaluator = test_evaluator = dict(type="CityscapesPanopticMetric")
train_cfg = dict(type="IterBasedTrainLoop", max_iters=6, val_interval=6)
val_cfg = dict(type="ValLoop")
test_cfg = dict(type="TestLoop")
optim_wrapper = dict(type="OptimWrapper", optimizer=dict(type="SGD", lr=0.001))
default_hooks = dict(checkpoint=None)
visualizer = dict(type="PanopticLocalVisualizer")
"""


class AllRoad(BaseModel):
    def __init__(self, data_preprocessor=None):
        super().__init__(data_preprocessor)
        self.layer = torch.nn.Conv2d(3, 1, 1)

    def forward(self, inputs, data_samples=None, mode="tensor"):
        if mode == "loss":
            return dict(loss=self.layer(inputs).mean())
        for sample in data_samples:
            sample.pred_panoptic_seg = PixelData(sem_seg=torch.full((1, *sample.ori_shape), 8))
        return data_samples


@pytest.fixture
def files(tmp_path, monkeypatch, request):
    """Two images of road in each of train and val; returns those of the second one."""
    monkeypatch.setitem(MODELS._module_dict, "AllRoad", AllRoad)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    for split in ("train", "val"):
        for name in ("one", "two"):
            image = tmp_path / f"leftImg8bit/{split}/{name}_leftImg8bit.png"
            label = tmp_path / f"gtFine/{split}/{name}_gtFine_instanceIds.png"
            for path, content in ((image, Image.new("RGB", (16, 8))), (label, None)):
                path.parent.mkdir(parents=True, exist_ok=True)
                (content or Image.fromarray(np.full((8, 16), 7, np.uint16))).save(path)
    return lambda split: (
        tmp_path / f"leftImg8bit/{split}/two_leftImg8bit.png",
        tmp_path / f"gtFine/{split}/two_gtFine_instanceIds.png",
    )


@pytest.fixture
def run(files, load_tool, tmp_path, request):
    """Return a function that runs train or test on the files."""

    def run(tool):
        config = tmp_path / f"{request.node.name.replace('[', '_').replace(']', '')}.py"
        config.write_text(CONFIG.format(root=str(tmp_path)))
        weights = {f"layer.{k}": v for k, v in torch.nn.Conv2d(3, 1, 1).state_dict().items()}
        torch.save(dict(state_dict=weights), "toy.pth")
        arguments = [str(config)] + (["toy.pth"] if tool == "test" else [])
        load_tool(f"{tool}.py").main([*arguments, "--work-dir", "work"])

    return run


@pytest.mark.parametrize("tool", ["train", "test"])
def test_sound(run, tool, capsys):
    run(tool)
    assert "PQ 100" in capsys.readouterr().out


@pytest.mark.parametrize("tool", ["train", "test"])
@pytest.mark.parametrize(
    ("which", "error"), [(0, RuntimeError), (1, OSError)], ids=["image", "map"]
)
def test_truncated_file(run, files, tool, which, error):
    path = files(tool.replace("test", "val"))[which]
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(error, match=rf"{path}: cannot be read .*download"):
        run(tool)


@pytest.mark.parametrize("tool", ["train", "test"])
def test_label_of_another_size(run, files, tool):
    image, label = files(tool.replace("test", "val"))
    Image.fromarray(np.full((8, 15), 7, np.uint16)).save(label)
    with pytest.raises(ValueError, match=rf"{label}: the label map is 15x8 .*{image} is 16x8"):
        run(tool)


@pytest.mark.parametrize("tool", ["train", "test"])
def test_missing_label(run, files, tool):
    """Found before the first step, also in the validation data of a training."""
    _, label = files("val")
    label.unlink()
    with pytest.raises(FileNotFoundError, match=rf"{label}: label map not found"):
        run(tool)
