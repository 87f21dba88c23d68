"""Every config builds, inherits what it says, and differs from its parent in nothing else."""

import hashlib
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

ROOT = Path(__file__).parents[1]
CONFIGS = sorted(p for p in (ROOT / "configs").rglob("*.py") if "_base_" not in p.parts)
NAMES = [str(p.relative_to(ROOT / "configs")) for p in CONFIGS]
SYSTEMS = ("semantic-plus-instance", "panoptic-fpn", "hps", "hps-isi")


def load(name):
    return Config.fromfile(ROOT / "configs" / name)


def differing_keys(a, b, prefix=""):
    """The dotted keys in which two nested dicts differ."""
    if not (isinstance(a, dict) and isinstance(b, dict)):
        return set() if a == b else {prefix.rstrip(".")}
    return set().union(
        *(differing_keys(a.get(k), b.get(k), f"{prefix}{k}.") for k in a.keys() | b.keys())
    )


def delta(name, parent):
    return differing_keys(load(parent).to_dict(), load(name).to_dict())


def test_there_are_four_systems_everywhere():
    expected = {
        "hps": [f"{s}_r{d}_cityscapes" for s in SYSTEMS for d in (50, 101)],
        "mini": [f"{s}_r18_mini" for s in SYSTEMS],
        "camvid": [f"{s}_r18_camvid" for s in SYSTEMS],
    }
    for folder, stems in expected.items():
        assert {f"{folder}/{stem}.py" for stem in stems} <= set(NAMES)
    stems = [p.stem for p in CONFIGS]
    assert len(set(stems)) == len(stems), "mim finds a config by its name"


@pytest.mark.parametrize("name", NAMES)
def test_builds(name):
    from mmdet.registry import DATASETS, METRICS, MODELS, VISUALIZERS

    from mmhps.models import resolve_classes

    init_default_scope("mmdet")
    cfg = load(name)
    resolve_classes(cfg)
    cfg.model.backbone.init_cfg = None
    with torch.device("meta"):
        model = MODELS.build(cfg.model)
    things = model.panoptic_fusion_head.num_things_classes
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        dataset = DATASETS.build(dict(loader.dataset, lazy_init=True))
        assert len(dataset.metainfo["thing_classes"]) == things
        assert len(dataset.metainfo["classes"]) == model.panoptic_fusion_head.num_classes
        assert loader.dataset.filter_cfg.max_instances == 30
    METRICS.build(cfg.val_evaluator)
    assert VISUALIZERS.get(cfg.visualizer.type) is not None
    assert cfg.default_scope == "mmdet"
    assert cfg.custom_imports.imports == ["mmhps"]


@pytest.mark.parametrize("suffix", ["r50_cityscapes", "r101_cityscapes", "r18_mini", "r18_camvid"])
def test_systems_differ_in_what_their_names_say(suffix):
    folder = dict(mini="mini", camvid="camvid").get(suffix.split("_")[1], "hps")
    name = {s: f"{folder}/{s}_{suffix}.py" for s in SYSTEMS}
    assert delta(name["semantic-plus-instance"], name["panoptic-fpn"]) == {"model.type"}
    assert delta(name["hps"], name["panoptic-fpn"]) == {
        "model.type",
        "model.roi_head.type",
        "model.panoptic_fusion_head.type",
    }
    width = set() if folder == "hps" else {"model.semantic_head.block_channels"}
    assert delta(name["hps-isi"], name["hps"]) == {
        "model.prior",
        "model.semantic_head.type",
        *width,
    }


@pytest.mark.parametrize("system", SYSTEMS)
def test_r50_differs_in_the_backbone(system):
    assert delta(f"hps/{system}_r50_cityscapes.py", f"hps/{system}_r101_cityscapes.py") == {
        "model.backbone.depth",
        "model.backbone.init_cfg.checkpoint",
    }


def test_literal_reading_differs_in_what_the_paper_leaves_open():
    literal = delta("mini/hps-literal_r18_mini.py", "mini/hps_r18_mini.py")
    assert {key.rsplit(".", 1)[0] for key in literal} == {
        "model.roi_head",
        "model.panoptic_fusion_head",
        "model.test_cfg.panoptic",
    }


def test_methods_of_others_differ_in_one_module():
    assert delta("mini/hps-imp_r18_mini.py", "mini/hps-isi_r18_mini.py") == {"model.prior.type"}
    efficientps = delta("mini/panoptic-fpn-efficientps_r18_mini.py", "mini/hps_r18_mini.py")
    assert efficientps == {"model.panoptic_fusion_head.type"}


def test_paper_scale_is_that_of_the_paper():
    cfg = load("hps/hps-isi_r101_cityscapes.py")
    assert cfg.model.backbone.depth == 101
    assert cfg.model.backbone.init_cfg.checkpoint == "torchvision://resnet101"
    assert cfg.model.semantic_head.inner_channels == 128
    for pipeline in (cfg.train_pipeline, cfg.test_pipeline):
        resize = next(t for t in pipeline if t.type == "Resize")
        assert tuple(resize.scale) == (1024, 512)


def test_guesses_name_their_source():
    """What the paper does not state is marked as such, with where it comes from."""
    text = (ROOT / "configs/_base_/models/panoptic_fpn.py").read_text()
    text += (ROOT / "configs/_base_/schedules/schedule_cityscapes.py").read_text()
    guesses = text.count("not stated in the paper")
    assert guesses >= 3
    assert text.count("MMDetection") >= guesses


@pytest.mark.slow
def test_paper_scale_trains_and_predicts(make_batch):
    """One real training step and one prediction of HPS + ISI at 1024x512."""
    from mmdet.registry import MODELS

    import mmhps  # noqa: F401

    init_default_scope("mmdet")
    cfg = load("hps/hps-isi_r101_cityscapes.py")
    cfg.model.backbone.init_cfg = None
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    batch = make_batch(
        sizes=((512, 1024),), boxes=[[100, 150, 300, 400], [600, 200, 900, 500]], labels=[2, 0]
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
    before = model.semantic_head.classifier[0].conv.weight.clone()
    model.train()
    losses = model(**model.data_preprocessor(batch, training=True), mode="loss")
    total, logged = model.parse_losses(losses)
    total.backward()
    optimizer.step()
    assert torch.isfinite(total)
    assert {"loss_rpn_cls", "loss_cls", "loss_mask", "loss_seg", "loss_panoptic"} <= logged.keys()
    assert not torch.equal(before, model.semantic_head.classifier[0].conv.weight)
    model.eval()
    with torch.no_grad():
        sample = model.test_step(batch)[0]
    assert sample.pred_panoptic_seg.sem_seg.shape == (1, 1024, 2048)


@pytest.mark.parametrize(
    "name", ["mini/semantic-plus-instance_r18_mini.py", "camvid/hps-isi_r18_camvid.py"]
)
def test_narrow_systems_start_from_the_published_weights(name):
    """All of the backbone and the neck, of both networks where there are two."""
    from mmdet.registry import MODELS

    import mmhps  # noqa: F401

    init_default_scope("mmdet")
    cfg = load(name)
    path = Path(cfg.model.backbone.init_cfg.checkpoint)
    assert hashlib.sha256(path.read_bytes()).hexdigest()[:8] == path.stem[-8:]
    weights = torch.load(path, weights_only=True)["state_dict"]
    model = MODELS.build(cfg.model)
    model.init_weights()
    networks = [model]
    if name.startswith("mini/semantic"):
        networks = [model.instance_network, model.semantic_network]
    for network in networks:
        state = network.state_dict()
        assert weights.keys() == {k for k in state if k.startswith(("backbone.", "neck."))}
        assert all(
            torch.equal(state[key], weight.to(state[key])) for key, weight in weights.items()
        )
