"""Joined, repeated, balanced and mixed data sets: train, test, check, browse, resume."""

import json
from pathlib import Path

import pytest
import torch
from toys import NoisyModel, final_weights, run_tool

from mmhps.datasets.wrapping import innermost_configs, type_name

SETTINGS = """
load = [dict(type="LoadImageFromFile"), dict(type="LoadPanopticIds")]
make = [
    dict(type="PhotoMetricDistortion"), dict(type="PanopticIdsToInstances"),
    dict(type="PackPanopticInputs"),
]
def part(name, pipeline=load + make, cap=1):
    return dict(
        type="CocoPanopticIdDataset", data_root="ROOT", ann_file=f"{name}.json",
        data_prefix=dict(img=name, seg=name), filter_cfg=dict(max_instances=cap), pipeline=pipeline,
    )
concat = dict(type="ConcatDataset", datasets=[part("a"), part("b")])
repeat = dict(type="RepeatDataset", times=2, dataset=part("a"))
balanced = dict(type="ClassBalancedDataset", oversample_thr=0.9, dataset=part("a"))
mixed = dict(type="MultiImageMixDataset", dataset=part("a", load), pipeline=make)
joining = [dict(type="PanopticMosaic", img_scale=(8, 8)), *make]
mosaic = dict(type="MultiImageMixDataset", dataset=part("a", load), pipeline=joining)
nested = dict(
    type="RepeatDataset", times=2,
    dataset=dict(
        type="ClassBalancedDataset", oversample_thr=0.9,
        dataset=dict(
            type="ConcatDataset",
            datasets=[
                dict(type="RepeatDataset", times=2, dataset=part("b")),
                dict(type="MultiImageMixDataset", dataset=part("a", load), pipeline=make),
            ],
        ),
    ),
)
train_dataloader.update(
    dataset=DATA
)
val_dataloader = test_dataloader = dict(val_dataloader, dataset=VAL)
val_evaluator = test_evaluator = dict(type="CityscapesPanopticMetric")
model.update(type="GrassModel")
train_cfg.update(max_iters=6, val_interval=6)
default_hooks["checkpoint"].update(save_best=None)
optim_wrapper["optimizer"]["lr"] = 1e-6
del load, make, part, concat, repeat, balanced, mixed, joining, mosaic, nested, dataset, pipeline
"""

WRAPPED = ("concat", "repeat", "balanced", "mixed", "mosaic", "nested")


@pytest.fixture
def wrapped(config, coco_files):
    """Return a function that writes a config whose training data are wrapped."""

    def write(name, val='part("a", cap=9)'):
        settings = (
            SETTINGS.replace("ROOT", str(coco_files)).replace("DATA", name).replace("VAL", val)
        )
        config.write_text(config.read_text() + settings)
        return config

    return write


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.slow] if n != "nested" else []) for n in WRAPPED],
)
def test_resumed_training_equals_an_unbroken_one(wrapped, name):
    config = wrapped(name)
    run_tool("train", config, "--work-dir", "work")
    unbroken = final_weights(Path("work"))
    for left in ("iter_6.pth", "last_checkpoint"):
        Path("work", left).unlink()
    run_tool("train", config.rename("again_" + config.name), "--work-dir", "work", "--resume")
    again = final_weights(Path("work"))
    for key, value in unbroken.items():
        assert torch.equal(value, again[key]), key


def test_parts_that_leave_out_different_numbers_are_scored(wrapped, checkpoint, capsys):
    run_tool("test", wrapped("concat", "concat"), checkpoint)
    # a0, a1 and b0 are left: 192 pixels of which 3 are a cat, which is missed.
    line = next(line for line in capsys.readouterr().out.splitlines() if "test: PQ" in line)
    scores = dict(zip(line.split()[1::2], map(float, line.split()[2::2]), strict=True))
    assert scores["PQ_th"] == 0
    assert scores["PQ_st"] == pytest.approx(100 * (1 + 61 / 64 + 1) / 3, abs=0.01)


def test_parts_that_are_initialized_late_have_their_classes(wrapped, checkpoint, capsys):
    late = 'dict(part("b", cap=9), lazy_init=True)'
    joined = f'dict(type="ConcatDataset", datasets=[part("a", cap=9), {late}])'
    run_tool("test", wrapped("concat", joined), checkpoint)
    assert "test: PQ" in capsys.readouterr().out


def test_images_with_one_id_are_not_written_to_one_file(wrapped, checkpoint, coco_files, tmp_path):
    renamed = json.loads((coco_files / "b.json").read_text().replace('"b', '"a'))
    (coco_files / "renamed.json").write_text(json.dumps(renamed))
    second = 'dict(part("b", cap=9), ann_file="renamed.json")'
    joined = f'dict(type="ConcatDataset", datasets=[part("a", cap=9), {second}])'
    option = f"test_evaluator.outfile_prefix={tmp_path / 'out'}"
    with pytest.raises(ValueError, match="a/0.jpg and .*b/0.jpg both have 'a0'.* one after the"):
        run_tool("test", wrapped("concat", joined), checkpoint, "--cfg-options", option)
    assert not list(tmp_path.rglob("out*"))


@pytest.mark.parametrize(("name", "wrapper"), [("repeat", "Repeat"), ("balanced", "ClassBalanced")])
def test_repeated_images_are_not_scored(wrapped, checkpoint, name, wrapper):
    with pytest.raises(ValueError, match=f"the test data is wrapped in {wrapper}Dataset, but"):
        run_tool("test", wrapped(name, name), checkpoint)


def test_parts_of_other_classes_are_refused(wrapped, checkpoint):
    config = wrapped("concat", "concat")
    config.write_text(
        config.read_text()
        + 'val_dataloader["dataset"]["datasets"][1].update(metainfo=dict(palette=[(0, 0, 0)] * 2))'
    )
    with pytest.raises(ValueError, match=r"the parts of .* differ in their metainfo \(palette\)"):
        run_tool("test", config, checkpoint)


@pytest.mark.parametrize("name", WRAPPED)
def test_wrapped_data_are_checked(wrapped, load_tool, name, capsys):
    load_tool("analysis_tools/check_dataset.py").main([str(wrapped(name))])
    out = capsys.readouterr().out
    rows = {line.split()[0]: line.split()[1] for line in out.splitlines() if line}
    # Each image is checked once, those beyond the cap as well: 3 cats in a, 4 in b.
    both = name in ("concat", "nested")
    assert rows["cat"] == ("7" if both else "3")
    assert "2 of 3 images have at most 1 instances" in out
    assert ("1 of 3 images have at most 1 instances" in out) == both
    assert "No faults found." in out


@pytest.mark.parametrize("name", WRAPPED)
def test_wrapped_data_are_drawn(wrapped, load_tool, name, tmp_path):
    browse = load_tool("analysis_tools/browse_dataset.py")
    browse.main([str(wrapped(name)), "--out-dir", str(tmp_path / "drawn"), "--num", "2"])
    assert len(list((tmp_path / "drawn").iterdir())) == 2


def test_mosaic_is_refused_before_the_first_step(wrapped):
    inner, mosaic = 'part("a", load + make[1:2])', 'dict(type="Mosaic", img_scale=(8, 8))'
    config = wrapped(
        f'dict(type="MultiImageMixDataset", dataset={inner}, pipeline=[{mosaic}, make[2]])'
    )
    with pytest.raises(ValueError, match="pipeline: Mosaic moves .* Use PanopticMosaic"):
        run_tool("train", config)


def test_innermost_configs_and_types():
    part = dict(type="mmdet.CocoPanopticIdDataset")
    outer = dict(type="A", datasets=[dict(type="B", dataset=part), dict(type="C", datasets=[])])
    assert innermost_configs(outer) == [part]
    assert type_name(part) == "CocoPanopticIdDataset"
    assert type_name(dict(type=NoisyModel)) == "NoisyModel"
