"""The files that docs/extending.md shows do what it says."""

import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from narrow import NARROW, ONE_CONVOLUTION
from PIL import Image

from mmhps.functional import resampled
from mmhps.models import resolve_classes
from mmhps.models.instances import Canvases, Instances
from mmhps.models.priors import PriorInputs

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/extending.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n# (\S+)\n(.*?)```", TEXT, re.DOTALL)
MODULES = ("write_map", "write_panoptic", "my_fusion", "my_prior")


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The documented files beside this repository's configs, in the current folder."""
    for path, code in BLOCKS:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(code)
    for folder in ("_base_", "cityscapes"):
        (tmp_path / "configs" / folder).symlink_to(ROOT / "configs" / folder)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    init_default_scope("mmdet")
    yield tmp_path
    for name in MODULES:
        sys.modules.pop(name, None)
    for name in ("WeighedFusionHead", "AnyInstance"):
        MODELS._module_dict.pop(name, None)


def load(name):
    cfg = Config.fromfile(f"configs/mine/{name}.py")
    resolve_classes(cfg)
    cfg.merge_from_dict(dict(model=dict(backbone=dict(init_cfg=None))))
    for settings in (NARROW, ONE_CONVOLUTION):
        cfg.merge_from_dict(dict(model=settings))
    torch.manual_seed(0)
    return cfg, MODELS.build(cfg.model)


def losses(model, batch):
    data = model.data_preprocessor(batch, training=True)
    total, logged = model.parse_losses(model.train()(**data, mode="loss"))
    total.backward()
    assert {"loss_rpn_cls", "loss_cls", "loss_mask", "loss_seg", "loss_panoptic"} <= logged.keys()
    assert total.isfinite()
    return total


def backbone_learns(model):
    """Whether gradients reached it."""
    return any(p.grad is not None and p.grad.abs().sum() > 0 for p in model.backbone.parameters())


def test_every_python_block_is_a_file_and_is_tested():
    assert len(BLOCKS) == TEXT.count("```python") == 10
    text = Path(__file__).read_text(encoding="utf-8")
    assert all(Path(path).stem in text for path, _ in BLOCKS)


@pytest.mark.parametrize("name", ["my_fusion", "my_prior"])
def test_in_40_lines(name):
    code = dict(BLOCKS)[f"{name}.py"]
    assert len(code.splitlines()) <= 40


def test_every_file_that_is_an_example_exists():
    package = {path.name for path in (ROOT / "mmhps").rglob("*.py")}
    named = re.findall(r"`(\w+\.py)`", TEXT)
    assert len(named) >= 8 and set(named) <= package
    assert all((ROOT / path).exists() for path in re.findall(r"`(configs/ablations/[^`]+)`", TEXT))


def test_own_data_with_classes_of_cityscapes(files):
    write_map = importlib.import_module("write_map").write_map
    for split in ("train", "val"):
        for folder in ("leftImg8bit", "gtFine"):
            (files / "data/mine" / folder / split / "town").mkdir(parents=True)
        stem = f"{split}/town/a"
        picture = np.random.default_rng(0).integers(0, 255, (64, 128, 3), dtype=np.uint8)
        Image.fromarray(picture).save(f"data/mine/leftImg8bit/{stem}_leftImg8bit.png")
        masks = [np.zeros((64, 128), bool) for _ in range(5)]
        masks[0][32:] = masks[1][:32, :64] = masks[2][:32, 64:] = True
        masks[3][10:50, 20:60] = masks[4][30:60, 40:100] = True
        names = ("road", "sky", "vegetation", "car", "car")
        segments = list(zip(names, masks, strict=True))
        write_map(f"data/mine/gtFine/{stem}_gtFine_instanceIds.png", (64, 128), segments)
    ids = np.array(Image.open("data/mine/gtFine/val/town/a_gtFine_instanceIds.png"))
    # sky 23, vegetation 21, road 7, cars 26: the second in front of the first
    assert ids[0, 0] == 23
    assert ids[0, 127] == 21
    assert ids[63, 127] == 7
    assert ids[10, 20] == 26000
    assert ids[40, 50] == 26001

    cfg, model = load("hps-isi_r50_mine")
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        assert DATASETS.build(loader.dataset).metainfo["stuff_classes"] == (
            "road",
            "building",
            "sky",
        )
    cfg.train_pipeline[2].scale = cfg.train_dataloader.dataset.pipeline[2].scale = (128, 64)
    cfg.train_dataloader.dataset.pipeline[3].prob = 0.0
    sample = DATASETS.build(cfg.train_dataloader.dataset)[0]
    truth = sample["data_samples"].gt_instances
    assert truth.labels.tolist() == [1, 1]
    assert truth.bboxes.tensor.tolist() == [[20, 10, 60, 50], [40, 30, 100, 60]]
    semantic = sample["data_samples"].gt_sem_seg.sem_seg[0]
    assert semantic[[0, 0, 63, 40], [0, 127, 127, 50]].tolist() == [4, 255, 2, 1]
    losses(model, pseudo_collate([sample, sample]))
    assert model.panoptic_fusion_head.num_classes == 5


def test_own_data_with_any_classes(files):
    writers = importlib.import_module("write_panoptic")
    for split in ("train", "val"):
        for folder in ("images", split):
            (files / "data/farm" / folder).mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((64, 128, 3), 90, np.uint8)).save(f"data/farm/images/{split}.png")
        ids = np.full((64, 128), 70000)
        ids[:, 100:] = 0
        ids[20:40, 10:50] = 300
        writers.write_png(f"data/farm/{split}/a.png", ids)
        scenes = [(f"{split}.png", 128, 64, "a.png", {300: 1, 70000: 2})]
        writers.write_json(f"data/farm/{split}.json", scenes)
    cfg, model = load("hps-isi_r50_farm")
    val = DATASETS.build(cfg.val_dataloader.dataset)
    assert val.metainfo["classes"] == ("tractor", "field")
    assert val.metainfo["thing_classes"] == ("tractor",)
    cfg.train_dataloader.dataset.pipeline[2].scale = (128, 64)
    cfg.train_dataloader.dataset.pipeline[3].prob = 0.0
    sample = DATASETS.build(cfg.train_dataloader.dataset)[0]
    assert sample["data_samples"].gt_instances.bboxes.tensor.tolist() == [[10, 20, 50, 40]]
    semantic = sample["data_samples"].gt_sem_seg.sem_seg[0]
    assert semantic[[0, 30, 0], [0, 20, 127]].tolist() == [1, 0, 255]
    losses(model, pseudo_collate([sample]))


@pytest.mark.parametrize(
    ("name", "channels"),
    [
        ("hps-isi_r50_cityscapes", [256, 512, 1024, 2048]),
        ("hps-isi_swin-t_cityscapes", [96, 192, 384, 768]),
    ],
)
def test_other_backbones(files, make_batch, name, channels):
    cfg, model = load(name)
    assert [level.conv.in_channels for level in model.neck.lateral_convs] == channels
    losses(model, make_batch())
    assert backbone_learns(model)


def test_r50_example_is_the_config_of_the_zoo(files):
    ours = Config.fromfile(ROOT / "configs/cityscapes/hps-isi_r50_cityscapes.py")
    assert Config.fromfile("configs/mine/hps-isi_r50_cityscapes.py").to_dict() == ours.to_dict()


def test_swin_trains_with_its_optimizer(files):
    from mmengine.optim import build_optim_wrapper

    cfg, model = load("hps-isi_swin-t_cityscapes")
    optimizer = build_optim_wrapper(model, cfg.optim_wrapper).optimizer
    decay = {
        id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]
    }
    block = model.backbone.stages[0].blocks[0]
    assert type(optimizer).__name__ == "AdamW"
    assert decay[id(block.attn.w_msa.relative_position_bias_table)] == 0
    assert decay[id(block.norm1.weight)] == 0
    assert decay[id(block.attn.w_msa.qkv.weight)] == 0.05


def test_own_prior(files, make_batch):
    _, model = load("hps-any-instance_r50_cityscapes")
    assert type(model.prior).__name__ == "AnyInstance"
    for batch in (make_batch(), make_batch(boxes=[])):
        losses(model, batch)
    left = torch.zeros(1, 2, 2)
    canvases = Canvases(left, left == 0, torch.tensor([2]), torch.tensor([0.9]), torch.zeros(1, 4))
    inputs = PriorInputs((torch.zeros(2, 4, 2, 2),), [], [], [canvases, canvases[:0]], tuple)
    assert model.prior(inputs).extra.tolist() == [[[[0.5] * 2] * 2], [[[0.0] * 2] * 2]]


def test_own_fusion_head(files, make_batch):
    _, model = load("hps-weighed_r50_cityscapes")
    head = model.panoptic_fusion_head
    assert type(head).__name__ == "WeighedFusionHead"
    assert (head.min_side, head.num_classes, head.loss_weight) == (16, 19, 0.5)
    for batch in (make_batch(boxes=[]), make_batch()):
        losses(model, batch)
        assert head.weights.grad is not None
    assert (head.weights.grad[:, [0, 2]] != 0).all()  # the classes of the batch
    assert (head.weights.grad[:, [1, 3, 4, 5, 6, 7]] == 0).all()

    pixel = torch.ones(1, 1, 1)
    canvases = Canvases(5 * pixel, pixel > 0, torch.tensor([2]), torch.ones(1), torch.zeros(1, 4))
    head.weights.data[:, 2] = torch.tensor([2.0, 3.0])
    fused = head(canvases, torch.arange(19.0).view(19, 1, 1))
    assert fused.flatten().tolist() == [*range(8, 19), 2 * 5 + 3 * 2]

    boxes = torch.tensor([[0.0, 0, 16, 16], [32, 32, 62, 47]])  # the second is 15 high
    instances = Instances(
        bboxes=boxes,
        labels=torch.tensor([2, 2]),
        scores=torch.tensor([0.9, 0.9]),
        class_weights=torch.eye(8)[[2, 2]],
        mask_logits=torch.full((2, 28, 28), 5.0),
    )
    road = torch.zeros(19, 16, 16)
    road[8] = 5
    logits = resampled(road, (64, 64), shown=(64, 64), padded=(64, 64))

    def things(given):
        result = head.predict([given], [logits], [dict(scale_factor=(1, 1))])[0].sem_seg
        return set(result.unique().tolist()) - {8}

    assert things(instances[:0]) == set()
    assert things(instances) == {1002}
    head.min_side = 15
    assert things(instances) == {1002, 2002}
