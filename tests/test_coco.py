"""Photos of COCO with their official files: loaded, trained on and scored.

COCO_ROOT names a folder with annotations/panoptic_{train,val}2017.json, the folders of PNGs beside
them, and {train,val}2017/ (or images/{train,val}2017/). The first hundred images are used.
"""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from cityscapesscripts.evaluation import evalPanopticSemanticLabeling as official
from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from narrow import NARROW, NARROW_R18, ONE_CONVOLUTION
from toys import run_tool

from mmhps.datasets.contents import inspect
from mmhps.evaluation import CityscapesPanopticMetric
from mmhps.structures import panoptic_map
from mmhps.structures.id_formats import read_true_segments

COCO = os.environ.get("COCO_ROOT")
pytestmark = pytest.mark.skipif(not COCO, reason="COCO_ROOT does not name COCO's files")

CONFIGS = Path(__file__).parents[1] / "configs/coco"
SYSTEMS = ("semantic-plus-instance", "panoptic-fpn", "hps", "hps-isi")
IMAGES = 100
STEPS = 2
FEW = dict(
    train_cfg=dict(rpn_proposal=dict(nms_pre=50, max_per_img=30), rcnn=dict(sampler=dict(num=24))),
    # Everything is predicted, however unsure the network is.
    test_cfg=dict(
        rpn=dict(nms_pre=50, max_per_img=30),
        rcnn=dict(score_thr=0.0, max_per_img=5),
        panoptic=dict(stuff_area_limit=0),
    ),
)


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Return a function that writes the config of a system: narrow, small images, two steps."""
    monkeypatch.chdir(tmp_path)
    folder = "images/" if Path(COCO, "images").is_dir() else ""

    def write(system, images=IMAGES):
        cfg = Config.fromfile(CONFIGS / f"{system}_r50_coco.py")
        for settings in (NARROW, NARROW_R18, ONE_CONVOLUTION, FEW):
            cfg.merge_from_dict(dict(model=settings))
        cfg.train_pipeline[2].scale = cfg.test_pipeline[1].scale = (160, 128)
        for loader, pipeline in (("train", cfg.train_pipeline), ("val", cfg.test_pipeline)):
            dataset = cfg[f"{loader}_dataloader"].dataset
            dataset.data_prefix.img = f"{folder}{loader}2017"
            dataset.update(pipeline=pipeline, indices=images)
            cfg[f"{loader}_dataloader"].update(num_workers=0, persistent_workers=False)
        cfg.test_dataloader = cfg.val_dataloader
        cfg.test_evaluator = dict(cfg.val_evaluator, outfile_prefix="written")
        cfg.train_cfg = dict(type="IterBasedTrainLoop", max_iters=STEPS, val_interval=STEPS + 1)
        cfg.default_hooks.checkpoint = dict(type="CheckpointHook", by_epoch=False, interval=STEPS)
        cfg.param_scheduler = []
        path = tmp_path / f"{system}.py"
        cfg.dump(path)
        return path

    return write


@pytest.fixture
def dataset(config):
    """Return a function that builds the data set of a split."""

    def build(split):
        cfg = Config.fromfile(config("panoptic-fpn"))
        init_default_scope("mmdet")
        return DATASETS.build(cfg[f"{split}_dataloader"].dataset)

    return build


@pytest.mark.parametrize("split", ["train", "val"])
def test_every_image_is_sound(dataset, split):
    data = dataset(split)
    meta = data.metainfo
    assert (len(meta["thing_classes"]), len(meta["classes"])) == (80, 133)
    assert meta["classes"][0] == "person" and meta["label_ids"][132] == 200
    found = [inspect(data, data.get_data_info(i)) for i in range(len(data))]
    content = json.loads(Path(data.ann_file).read_text())
    known = {data.get_data_info(i)["img_id"] for i in range(len(data))}
    listed = [
        segment
        for entry in content["annotations"]
        if entry["image_id"] in known
        for segment in entry["segments_info"]
    ]
    crowds = sum(segment["iscrowd"] for segment in listed)
    assert sum(item.crowds.sum() for item in found) == crowds
    assert sum(item.segments.sum() for item in found) == len(listed) - crowds
    assert sum(item.pixels[:-1].sum() for item in found) == sum(s["area"] for s in listed)


def official_quality(ann_file, folder, prefix):
    """PQ, SQ and RQ of the official evaluator, in percent."""
    gt = json.loads(Path(ann_file).read_text())
    pred = {e["image_id"]: e for e in json.loads(Path(f"{prefix}.json").read_text())["annotations"]}
    categories = {category["id"]: category for category in gt["categories"]}
    pairs = [(e, pred[e["image_id"]]) for e in gt["annotations"] if e["image_id"] in pred]
    assert len(pairs) == len(pred)
    stat = official.pq_compute_single_core(0, pairs, str(folder), str(prefix), categories)
    result = official.average_pq(stat, categories)
    return {
        f"{key.upper()}{suffix}": 100 * result[group][key]
        for group, suffix in (("All", ""), ("Things", "_th"), ("Stuff", "_st"))
        for key in ("pq", "sq", "rq")
    }


def test_quality_is_the_official_one(dataset, tmp_path):
    """The ground truth, moved by a few pixels and with some wrong classes, as prediction."""
    data = dataset("val")
    metric = CityscapesPanopticMetric(outfile_prefix=str(tmp_path / "moved"))
    metric.dataset_meta = meta = data.metainfo
    for i in range(len(data)):
        info = data.get_data_info(i)
        ids, segments = read_true_segments(info, meta["classes"])
        seg = panoptic_map(ids, segments, len(meta["thing_classes"]))
        seg = np.where(seg == 255, 133, np.roll(seg, i % 12, axis=1))
        seg[seg == 255] = 133
        if i % 7 == 0:
            seg[seg % 1000 == 0] += 1  # persons become bicycles
        pred = dict(sem_seg=torch.from_numpy(seg[None]))
        metric.process(None, [dict(info, pred_panoptic_seg=pred, ori_shape=seg.shape)])
    ours = metric.evaluate(len(data))
    theirs = official_quality(data.ann_file, data.data_prefix["seg"], tmp_path / "moved")
    assert 20 < theirs["PQ"] < 99
    for key, value in theirs.items():
        assert ours[f"cityscapes_panoptic/{key}"] == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize(
    ("system", "images"), [*((system, 10) for system in SYSTEMS), ("hps-isi", IMAGES)]
)
def test_training_and_scoring(config, dataset, capsys, system, images):
    path = config(system, images)
    run_tool("train", path, "--work-dir", "work")
    run_tool("test", path, f"work/iter_{STEPS}.pth", "--work-dir", "work")
    line = re.search(r"^test: (PQ .*)$", capsys.readouterr().out, re.MULTILINE)[1].split()
    printed = dict(zip(line[::2], map(float, line[1::2]), strict=True))
    data = dataset("val")
    theirs = official_quality(data.ann_file, data.data_prefix["seg"], "written")
    for key, value in theirs.items():
        assert printed[key] == pytest.approx(value, rel=1e-3, abs=1e-9)
