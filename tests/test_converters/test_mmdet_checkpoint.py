"""MMDetection's weights for our systems, with MMDetection's own models as sources."""

import os
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner.checkpoint import load_checkpoint
from narrow import NARROW, NARROW_R18

from mmhps.converters.mmdet_checkpoint import convert, input_settings, other_settings
from mmhps.converters.mmdet_weights import adapt

ROOT = Path(__file__).parents[2]
SYSTEMS = ("semantic-plus-instance", "panoptic-fpn", "hps", "hps-isi")
THINGS = ("person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle")
# Of the eight, where COCO's 80 classes have them; rider is not there.
COCO_ROWS = dict(person=0, bicycle=1, car=2, motorcycle=3, bus=5, train=6, truck=7)
SEMANTIC = dict(semantic_head=dict(in_channels=16, inner_channels=32))


@pytest.fixture
def tool(load_tool):
    return load_tool("model_converters/mmdet_to_mmhps.py")


def their_config(name="panoptic_fpn/panoptic-fpn_r50_fpn_1x_coco.py"):
    import mmdet

    return Config.fromfile(Path(mmdet.__file__).parent / ".mim" / "configs" / name)


def build(model_config):
    from mmdet.registry import MODELS

    init_default_scope("mmdet")
    torch.manual_seed(1)
    return MODELS.build(model_config)


@pytest.fixture
def source():
    """The weights of a narrow Panoptic FPN of MMDetection; class rows hold their number."""
    cfg = their_config()
    for settings in (NARROW, NARROW_R18, SEMANTIC):
        cfg.merge_from_dict(dict(model=settings))
    state = build(cfg.model).state_dict()
    for layer, rows in (
        ("bbox_head.fc_cls", 1),
        ("bbox_head.fc_reg", 4),
        ("mask_head.conv_logits", 1),
    ):
        for kind in ("weight", "bias"):
            value = state[f"roi_head.{layer}.{kind}"]
            number = torch.arange(len(value)) // rows
            value.copy_(number.view(-1, *[1] * (value.dim() - 1)).expand_as(value))
    return state


@pytest.fixture
def narrow(tiny_config):
    """Return a function from a system to its config, as narrow as ``source``."""

    def load(system):
        cfg = tiny_config(f"cityscapes/{system}_r50_cityscapes.py", **SEMANTIC)
        cfg.merge_from_dict(dict(model=dict(roi_head=dict(mask_head=dict(num_convs=4)))))
        return cfg

    return load


def coco_things():
    from mmdet.datasets import CocoDataset

    return CocoDataset.METAINFO["classes"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_rows_of_each_class(source, narrow, system):
    model = build(narrow(system).model)
    target = model.state_dict()
    state = adapt(source, target, coco_things(), THINGS).state
    prefix = "instance_network." if system == SYSTEMS[0] else ""
    for layer, rows in (
        ("bbox_head.fc_cls", 1),
        ("bbox_head.fc_reg", 4),
        ("mask_head.conv_logits", 1),
    ):
        name = f"{prefix}roi_head.{layer}.weight"
        blocks = state[name].split(rows)
        for block, thing in zip(blocks, THINGS, strict=False):
            if thing != "rider":
                assert block.unique().tolist() == [COCO_ROWS[thing]]
        assert torch.equal(blocks[1], target[name].split(rows)[1])
        assert len(blocks) == 8 + (layer == "bbox_head.fc_cls")
    background = state[f"{prefix}roi_head.bbox_head.fc_cls.bias"][8]
    assert background == 80


@pytest.mark.parametrize("system", SYSTEMS)
def test_loads_with_nothing_missing_but_what_the_table_says(source, narrow, system, tmp_path):
    """As a training with ``load_from`` loads it, and then a step of that training."""
    torch.save(dict(state_dict=source, meta=dict(CLASSES=coco_things())), tmp_path / "coco.pth")
    cfg = narrow(system)
    settings, report = convert(cfg, tmp_path / "coco.pth", tmp_path / "out" / "start.pth")
    assert settings["load_from"] == str(tmp_path / "out" / "start.pth")
    state = torch.load(settings["load_from"], weights_only=True)["state_dict"]
    model = build(cfg.model)
    loaded = model.load_state_dict(state, strict=False)
    assert loaded.unexpected_keys == []
    scratch = {name for name in loaded.missing_keys if "semantic_head" in name}
    assert scratch == set(loaded.missing_keys), "all but the semantic head comes from COCO"
    assert all(".bn." in name or ".classifier." in name for name in scratch)
    lines = [line.split("|") for line in report.splitlines() if "|" in line]
    numbers = [int(number) for _, _, number, fate, _ in lines if "not in the checkpoint" in fate]
    assert sum(numbers) == len(model.state_dict().keys() - state.keys())
    for name, value in model.state_dict().items():
        assert name not in state or torch.equal(value, state[name])


def test_heads_say_of_the_shared_classes_what_theirs_say(narrow):
    """Class scores, box deltas and masks of the same features."""
    cfg = their_config()
    for settings in (NARROW, NARROW_R18, SEMANTIC):
        cfg.merge_from_dict(dict(model=settings))
    theirs, ours = build(cfg.model), build(narrow("hps").model)
    adapted = adapt(theirs.state_dict(), ours.state_dict(), coco_things(), THINGS)
    ours.load_state_dict(adapted.state, strict=False)
    boxes, masks = torch.randn(3, 16, 7, 7), torch.randn(3, 16, 14, 14)
    outputs = []
    for model in (theirs, ours):
        scores, deltas = model.roi_head.bbox_head(boxes)
        shapes = model.roi_head.mask_head(masks)
        outputs.append((scores, deltas.unflatten(1, (-1, 4)), shapes))
    for their, our in zip(*outputs, strict=True):
        for thing, row in COCO_ROWS.items():
            assert torch.allclose(our[:, THINGS.index(thing)], their[:, row])
    assert torch.allclose(outputs[1][0][:, 8], outputs[0][0][:, 80]), "background"


def test_a_training_step_from_the_converted_file(source, narrow, tmp_path, make_batch):
    torch.save(dict(state_dict=source), tmp_path / "coco.pth")
    cfg = narrow("hps-isi")
    convert(cfg, tmp_path / "coco.pth", tmp_path / "start.pth")
    model = build(cfg.model)
    load_checkpoint(model, str(tmp_path / "start.pth"))
    data = model.data_preprocessor(make_batch(), training=True)
    loss, _ = model.parse_losses(model(**data, mode="loss"))
    loss.backward()
    assert loss.isfinite()
    assert model.roi_head.bbox_head.fc_cls.weight.grad.abs().sum() > 0


@pytest.mark.parametrize(
    ("system", "name"),
    [
        ("hps-isi", "panoptic_fpn/panoptic-fpn_r101_fpn_1x_coco.py"),
        ("semantic-plus-instance", "mask_rcnn/mask-rcnn_r101_fpn_1x_coco.py"),
    ],
)
def test_fits_the_public_checkpoints_in_full_size(system, name):
    """R-101 with the names and shapes of the files to download, without memory for values."""
    theirs, ours = (
        their_config(name),
        Config.fromfile(ROOT / f"configs/cityscapes/{system}_r101_cityscapes.py"),
    )
    theirs.model.backbone.init_cfg = ours.model.backbone.init_cfg = None
    with torch.device("meta"):
        source, target = build(theirs.model).state_dict(), build(ours.model).state_dict()
    assert source["roi_head.bbox_head.fc_cls.weight"].shape == (81, 1024)
    fate = adapt(source, target, coco_things(), THINGS).fate
    assert fate.keys() - {n for n in fate if fate[n] == "not in the model"} == target.keys()
    scratch = [n for n in target if fate[n] == "not in the checkpoint"]
    unused = [n for n in source if fate.get(n) == "not in the model"]
    assert all("semantic_head" in n for n in scratch + unused)
    convs = [n for n in target if ".conv_upsample_layers." in n and n.endswith(".conv.weight")]
    assert len(convs) == 7
    assert all((fate[n] == "taken over") == ("panoptic" in name) for n in convs)
    picked = [n for n in target if fate[n].startswith("rows of its classes")]
    assert len(picked) == 6


CAFFE_2X = """
img_norm_cfg = dict(mean=[103.53, 116.28, 123.675], std=[1.0, 1.0, 1.0], to_rgb=False)
model = dict(type='MaskRCNN', backbone=dict(type='ResNet', depth=50, style='caffe'))
train_pipeline = [dict(type='Normalize', **img_norm_cfg)]
"""


def test_input_settings_of_a_stored_config():
    assert input_settings("") == input_settings("no (config") == {}
    assert input_settings("raise SystemExit('run')") == {}
    caffe = {
        "model.data_preprocessor.mean": [103.53, 116.28, 123.675],
        "model.data_preprocessor.std": [1.0, 1.0, 1.0],
        "model.data_preprocessor.bgr_to_rgb": False,
        "model.backbone.style": "caffe",
    }
    assert input_settings(CAFFE_2X) == caffe
    ours = Config.fromfile(ROOT / "configs/cityscapes/hps_r50_cityscapes.py")
    assert other_settings(ours, caffe) == caffe
    theirs = input_settings(
        their_config("mask_rcnn/mask-rcnn_r50-caffe_fpn_1x_coco.py").pretty_text
    )
    assert theirs == caffe
    same = input_settings(their_config().pretty_text)
    assert len(same) == 4
    assert other_settings(ours, same) == {}


def test_command_line_ends_with_the_command_to_train(tool, source, narrow, tmp_path, capsys):
    narrow("hps").dump(tmp_path / "narrow.py")
    torch.save(dict(state_dict=source, meta=dict(config=CAFFE_2X)), tmp_path / "coco.pth")
    paths = [str(tmp_path / name) for name in ("narrow.py", "coco.pth", "start.pth")]
    tool.main([*paths, "--cfg-options", "img_scale=[256,128]"])
    *_, warning, command = capsys.readouterr().out.splitlines()
    assert warning.startswith("WARNING: its images were normalized differently")
    assert command == (
        f"python tools/train.py {tmp_path}/narrow.py --cfg-options 'img_scale=[256,128]' "
        f"load_from={tmp_path}/start.pth model.backbone.init_cfg=None "
        "'model.data_preprocessor.mean=[103.53,116.28,123.675]' "
        "'model.data_preprocessor.std=[1.0,1.0,1.0]' model.data_preprocessor.bgr_to_rgb=False "
        "model.backbone.style=caffe"
    )


@pytest.mark.parametrize("content", [None, b"", b"no checkpoint"])
def test_unreadable_checkpoint_ends_with_a_message(tool, narrow, tmp_path, content):
    narrow("hps").dump(tmp_path / "narrow.py")
    if content is not None:
        (tmp_path / "coco.pth").write_bytes(content)
    with pytest.raises(SystemExit, match="mmdet_to_mmhps: .*coco.pth"):
        tool.main([str(tmp_path / name) for name in ("narrow.py", "coco.pth", "start.pth")])
    assert not (tmp_path / "start.pth").exists()


class MakesFolder:
    """Unpickling it makes a folder."""

    def __reduce__(self):
        return os.mkdir, ("made",)


def test_code_is_refused(tool, narrow, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    narrow("hps").dump("narrow.py")
    torch.save(dict(state_dict={}, extra=MakesFolder()), "coco.pth")
    with pytest.raises(SystemExit, match=r"coco\.pth: cannot be read.*publish_model\.py"):
        tool.main(["narrow.py", "coco.pth", "start.pth"])
    assert not (tmp_path / "made").exists()
