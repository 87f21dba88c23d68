"""Every config builds, inherits what it says, and differs from its parent in nothing else."""

import hashlib
import json
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
        "cityscapes": [f"{s}_r{d}_cityscapes" for s in SYSTEMS for d in (50, 101)],
        "mini": [f"{s}_r18_mini" for s in SYSTEMS],
        "camvid": [f"{s}_r18_camvid" for s in SYSTEMS],
        "kitti": [f"{s}_lite0_kitti" for s in SYSTEMS],
        "coco": [f"{s}_r50_coco" for s in SYSTEMS],
    }
    for folder, stems in expected.items():
        assert {f"{folder}/{stem}.py" for stem in stems} <= set(NAMES)
    stems = [p.stem for p in CONFIGS]
    assert len(set(stems)) == len(stems), "mim finds a config by its name"


@pytest.fixture
def coco_root(tmp_path, monkeypatch):
    """COCO's categories in panoptic files of one image that does not exist."""
    from mmdet.datasets import CocoPanopticDataset

    meta = CocoPanopticDataset.METAINFO
    things = meta["thing_classes"]
    content = dict(
        images=[dict(id=1, file_name="1.jpg", height=4, width=4)],
        categories=[
            dict(id=i, name=name, isthing=int(name in things))
            for i, name in enumerate(meta["classes"], start=1)
        ],
    )
    (tmp_path / "annotations").mkdir()
    for split in ("train", "val"):
        path = tmp_path / "annotations" / f"panoptic_{split}2017.json"
        path.write_text(json.dumps(content))
    monkeypatch.setenv("COCO_ROOT", str(tmp_path))


def parts(dataset):
    """The data sets that wrappers join and repeat."""
    inner = [*dataset.get("datasets", []), *filter(None, [dataset.get("dataset")])]
    return [leaf for one in inner for leaf in parts(one)] or [dataset]


@pytest.mark.parametrize("name", NAMES)
def test_builds(name, coco_root):
    from mmdet.registry import DATASETS, METRICS, MODELS, VISUALIZERS

    from mmhps.models import resolve_classes

    init_default_scope("mmdet")
    cfg = load(name)
    resolve_classes(cfg)
    cfg.model.backbone.init_cfg = None
    # EfficientNet reads values while it is built, which a tensor without storage does not have.
    with torch.device("cpu" if cfg.model.backbone.type == "EfficientNetLite" else "meta"):
        model = MODELS.build(cfg.model)
    things = model.panoptic_fusion_head.num_things_classes
    loaders = (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader)
    for part in (part for loader in loaders for part in parts(loader.dataset)):
        dataset = DATASETS.build(dict(part, lazy_init=True))
        if name.startswith("coco/"):
            dataset.full_init()
        assert len(dataset.metainfo["thing_classes"]) == things
        assert len(dataset.metainfo["classes"]) == model.panoptic_fusion_head.num_classes
        cap = part.get("filter_cfg")
        if part in [loader.dataset for loader in loaders]:  # joined ones are not the paper's
            assert cap is None if name.startswith("coco/") else cap.max_instances == 30
    METRICS.build(cfg.val_evaluator)
    assert VISUALIZERS.get(cfg.visualizer.type) is not None
    assert cfg.default_scope == "mmdet"
    assert cfg.custom_imports.imports == ["mmhps.modules"]


@pytest.mark.parametrize(
    "suffix",
    ["r50_cityscapes", "r101_cityscapes", "r18_mini", "r18_camvid", "lite0_kitti", "r50_coco"],
)
def test_systems_differ_in_what_their_names_say(suffix):
    folder = suffix.split("_")[1]
    name = {s: f"{folder}/{s}_{suffix}.py" for s in SYSTEMS}
    assert delta(name["semantic-plus-instance"], name["panoptic-fpn"]) == {"model.type"}
    assert delta(name["hps"], name["panoptic-fpn"]) == {
        "model.type",
        "model.roi_head.type",
        "model.panoptic_fusion_head.type",
    }
    width = set() if folder in ("cityscapes", "coco") else {"model.semantic_head.block_channels"}
    assert delta(name["hps-isi"], name["hps"]) == {
        "model.prior",
        "model.semantic_head.type",
        *width,
    }


@pytest.mark.parametrize("system", SYSTEMS)
def test_r50_differs_in_the_backbone(system):
    r50, r101 = (f"cityscapes/{system}_r{depth}_cityscapes.py" for depth in (50, 101))
    assert delta(r50, r101) == {
        "model.backbone.depth",
        "model.backbone.init_cfg.checkpoint",
    }


def test_coco_has_the_numbers_of_its_classes():
    model = load("coco/hps-isi_r50_coco.py").model
    for head in (model.semantic_head, model.panoptic_fusion_head):
        assert (head.num_things_classes, head.num_stuff_classes) == (80, 53)
    assert model.roi_head.bbox_head.num_classes == model.roi_head.mask_head.num_classes == 80


def test_coco_is_trained_as_mmdetection_does():
    import mmdet

    theirs = Config.fromfile(
        Path(mmdet.__file__).parent / ".mim/configs/panoptic_fpn/panoptic-fpn_r50_fpn_1x_coco.py"
    )
    ours = load("coco/panoptic-fpn_r50_coco.py")
    for key in ("optimizer", "type"):
        assert ours.optim_wrapper[key] == theirs.optim_wrapper[key]
    assert ours.param_scheduler == theirs.param_scheduler
    assert ours.train_cfg == theirs.train_cfg
    assert ours.auto_scale_lr == theirs.auto_scale_lr
    (resize,) = [step for step in theirs.train_pipeline if step["type"] == "Resize"]
    assert ours.train_pipeline[2].scale == resize["scale"]


def test_literal_reading_differs_in_what_the_paper_leaves_open():
    literal = delta("mini/hps-literal_r18_mini.py", "mini/hps_r18_mini.py")
    assert {key.rsplit(".", 1)[0] for key in literal} == {
        "model.roi_head",
        "model.panoptic_fusion_head",
        "model.test_cfg.panoptic",
    }


# What each ablation changes, and of which config.
FUSION, SEMANTIC = "model.panoptic_fusion_head", "model.semantic_head"
STEPS = {"max_iters", "train_cfg.max_iters", "train_cfg.val_interval", "param_scheduler"}
PARTS = ("neck", "rpn_head", "roi_head", "semantic_head")
IMAGENET = {f"model.backbone.init_cfg.{key}" for key in ("prefix", "checkpoint")}
SCRATCH = {"model.backbone.init_cfg", "model.neck.init_cfg", *STEPS}
SCALE, SCALED_GRADIENT = f"{FUSION}.mask_scale", f"{FUSION}.scale_gradient"
RIVALS = f"{FUSION}.false_detections"
SCORE, VALUES = f"{FUSION}.score_weight", f"{FUSION}.stuff_values"
HIDDEN, VOID = "model.test_cfg.panoptic.mask_overlap", f"{FUSION}.void_things"
WEIGHT, DETACH = f"{FUSION}.loss_weight", "model.prior.detach"
NARROW = {f"{SEMANTIC}.block_channels", f"{SEMANTIC}.identity_init"}
INSTANCES = {"model.roi_head.class_gradient", "model.roi_head.train_instances"}
KEEP = "model.roi_head.train_instances.keep"
PRIORS, SURE = "model.prior.priors", "model.test_cfg.panoptic.stuff_score_thr"
ABLATIONS = {
    "panoptic-fpn-semantic": ("panoptic-fpn", {f"{SEMANTIC}.loss_seg.loss_weight", *STEPS}),
    "panoptic-fpn-blocks": (
        "panoptic-fpn",
        {f"{SEMANTIC}.{key}" for key in ("type", "extra_channels", "block_channels")},
    ),
    "semantic-plus-instance-one-task": (
        "semantic-plus-instance",
        {"model.backbone.init_cfg", "model.neck.init_cfg", "model.init_cfg"},
    ),
    "hps-literal": ("hps-literal", STEPS),
    "hps-x1": ("hps", {SCALE}),
    "hps-light": ("hps", {WEIGHT}),
    "hps-scaled-gradient": ("hps", {SCALED_GRADIENT}),
    "isi-detached": ("hps-isi", {DETACH}),
    "isi-scaled-gradient": ("hps-isi", {SCALED_GRADIENT}),
    "isi-rivals": ("hps-isi", {RIVALS}),
    "isi-rivals-scaled-gradient": ("hps-isi", {RIVALS, SCALED_GRADIENT}),
    "isi-no-class-gradient": ("hps-isi", {"model.roi_head.class_gradient"}),
    "isi-no-score": ("hps-isi", {SCORE}),
    "scratch-panoptic-fpn": ("panoptic-fpn", SCRATCH),
    "scratch-semantic-plus-instance": ("semantic-plus-instance", SCRATCH),
    "scratch-hps-x1": ("hps", {SCALE, WEIGHT, *SCRATCH}),
    "scratch-hps-rivals-x4": ("scratch-hps-x1", {RIVALS, SCALE, SCALED_GRADIENT}),
    "scratch-isi-x1": ("hps-isi", {SCALE, WEIGHT, *SCRATCH}),
    "scratch-isi-rivals-x1": ("scratch-isi-x1", {RIVALS}),
    "scratch-isi-rivals-x4": ("scratch-isi-rivals-x1", {SCALE, SCALED_GRADIENT}),
    "scratch-isi-heavy": ("scratch-isi-rivals-x4", {WEIGHT}),
    "scratch-isi-semantic": ("scratch-isi-rivals-x4", {f"{SEMANTIC}.loss_seg.loss_weight"}),
    "scratch-isi-narrow": ("scratch-isi-rivals-x4", NARROW),
    "scratch-isi-narrow-detached": ("scratch-isi-narrow", {DETACH}),
    "hps-imp": ("hps-isi", {"model.prior.type"}),
    "isi-imp": ("hps-isi", {"model.prior.type", PRIORS, "model.semantic_head.extra_channels"}),
    "isi-aunet": ("hps-isi", {"model.prior.type", PRIORS}),
    "kitti-imp": ("hps-isi", {"model.prior.type"}),
    "kitti-imagenet-panoptic-fpn": (
        "panoptic-fpn",
        {*IMAGENET, *(f"model.{part}.init_cfg" for part in PARTS), *STEPS},
    ),
    "kitti-imagenet-semantic-plus-instance": ("kitti-imagenet-panoptic-fpn", {"model.type"}),
    "kitti-imagenet-hps-isi": (
        "hps-isi",
        {*IMAGENET, *(f"model.{part}.init_cfg" for part in PARTS), *STEPS},
    ),
    "kitti-efficientps": ("hps", {f"{FUSION}.type", WEIGHT}),
    "fusion-hps": ("hps", set()),
    "fusion-sure": ("hps", {SURE}),
    "fusion-heuristic-sure": ("fusion-heuristic", {SURE}),
    "fusion-upsnet": ("hps", {f"{FUSION}.type", HIDDEN}),
    "fusion-efficientps": ("hps", {f"{FUSION}.type"}),
    "fusion-heuristic": ("hps", {f"{FUSION}.type"}),
    "fusion-bare": ("hps", {VALUES}),
    "fusion-x1": ("hps", {SCALE}),
    "fusion-bare-x1": ("hps", {VALUES, SCALE}),
    "fusion-no-score": ("hps", {SCORE}),
    "fusion-hidden": ("hps", {HIDDEN}),
    "fusion-unclaimed": ("hps", {VOID}),
    "fusion-literal": ("fusion-bare-x1", {SCORE, VOID, HIDDEN}),
    "isi-efficientps": ("hps-isi", {f"{FUSION}.type", WEIGHT}),
    "related-efficientps": ("fusion-efficientps", {WEIGHT}),
    "related-aunet": ("fusion-heuristic", {"model.prior"}),
    "related-oanet": ("fusion-heuristic", {f"{FUSION}.type"}),
    "related-sognet": ("related-upsnet", {f"{FUSION}.type", KEEP}),
    "related-tascnet": ("fusion-heuristic", {f"{FUSION}.type"}),
    "related-upsnet": ("hps", {f"{FUSION}.type", HIDDEN, *INSTANCES}),
}


def test_ablations_change_what_they_say():
    """Each differs from its parent in its title and in these keys, and in nothing else."""
    assert {path.stem for path in CONFIGS if path.parent.name == "ablations"} == ABLATIONS.keys()
    for name, (parent, keys) in ABLATIONS.items():
        is_ablation = f"ablations/{parent}.py" in NAMES and parent != name
        path = f"ablations/{parent}.py" if is_ablation else f"mini/{parent}_r18_mini.py"
        if name.startswith("kitti-") and not is_ablation:
            path = f"kitti/{parent}_lite0_kitti.py"
        assert delta(f"ablations/{name}.py", path) == {"title", *keys}, name


@pytest.mark.parametrize("name", ["mini_cityscapes", "camvid"])
def test_pipelines_differ_in_the_size_alone(name):
    base, cfg = (load(f"_base_/datasets/{n}.py") for n in ("cityscapes_panoptic", name))
    assert cfg.img_scale != base.img_scale
    for mode, loaders in (("train", ["train"]), ("test", ["val", "test"])):
        pipeline = base[f"{mode}_pipeline"]
        (resize,) = (transform for transform in pipeline if transform.type == "Resize")
        assert resize.scale == base.img_scale
        resize.scale = cfg.img_scale
        assert cfg[f"{mode}_pipeline"] == pipeline
        for loader in loaders:
            assert cfg[f"{loader}_dataloader"].dataset.pipeline == pipeline


def test_paper_scale_is_that_of_the_paper():
    cfg = load("cityscapes/hps-isi_r101_cityscapes.py")
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

    init_default_scope("mmdet")
    cfg = load("cityscapes/hps-isi_r101_cityscapes.py")
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


@pytest.mark.parametrize("system", SYSTEMS)
def test_systems_on_kitti_start_from_the_published_weights(system):
    """All of them arrive, and all weights but those of the semantic head come from there."""
    from mmdet.registry import MODELS

    init_default_scope("mmdet")
    cfg = load(f"kitti/{system}_lite0_kitti.py")
    path = Path(cfg.model.backbone.init_cfg.checkpoint)
    assert hashlib.sha256(path.read_bytes()).hexdigest()[:8] == path.stem[-8:]
    weights = torch.load(path, weights_only=True)["state_dict"]
    model = MODELS.build(cfg.model)
    model.init_weights()
    networks = [model]
    if system == "semantic-plus-instance":
        networks = [model.instance_network, model.semantic_network]
    arrived = set()
    for network in networks:
        state = network.state_dict()
        arrived |= {k for k in state.keys() & weights if torch.equal(state[k], weights[k].float())}
        assert {k for k in state.keys() - weights if not k.startswith("semantic_head.")} == set()
    assert arrived == weights.keys()
