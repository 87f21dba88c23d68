"""Odd but valid images are trained on and scored: files, pipeline, network, metric."""

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from PIL import Image

from mmhps.datasets import CityscapesPanopticDataset
from mmhps.evaluation import CityscapesPanopticMetric

LOAD = dict(type="LoadImageFromFile", imdecode_backend="pillow")
RESIZE = dict(type="Resize", scale=(64, 32), keep_ratio=True)
PACK = dict(type="PackPanopticInputs")
TRAIN = [
    LOAD,
    dict(type="LoadPanopticIds"),
    RESIZE,
    dict(type="RandomFlip", prob=0.5),
    dict(type="PanopticIdsToInstances"),
    PACK,
]


def street(*pixels):
    """Road with some single pixels, (32, 64)."""
    ids = np.full((32, 64), 7)
    for k, value in enumerate(pixels):
        ids[5 * k % 32, 9 * k % 64] = value
    return ids


CASES = dict(
    void=np.zeros((32, 64)),
    crowd=np.full((32, 64), 26),
    stuff=street(),
    pixels=street(24000, 26000, 26001, 33000),
    tiny=np.array([[26000]]),
    small=np.array([[7, 26000, 7], [7, 7, 23]]),
    odd=np.where(np.indices((17, 31)).sum(0) % 5, 7, 26000),
    wide=np.where(np.arange(100) < 50, [[7], [26000]], 23),
)


@pytest.mark.parametrize("case", CASES)
def test_training_step_and_score(case, tmp_path, write_pair, build_model):
    write_pair(tmp_path, "odd", CASES[case])
    write_pair(tmp_path, "plain", street(*[26000] * 3))
    model = build_model("mini/hps-isi_r18_mini.py")
    batch = pseudo_collate([*CityscapesPanopticDataset(data_root=str(tmp_path), pipeline=TRAIN)])
    losses = model(**model.data_preprocessor(batch, training=True), mode="loss")
    total, _ = model.parse_losses(losses)
    total.backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), torch.inf)
    assert torch.isfinite(total) and torch.isfinite(norm)

    test = CityscapesPanopticDataset(
        data_root=str(tmp_path), pipeline=[LOAD, RESIZE, PACK], test_mode=True
    )
    metric = CityscapesPanopticMetric(classwise=False)
    metric.dataset_meta = test.metainfo
    with torch.no_grad():
        samples = model.eval().test_step(pseudo_collate([*test]))
    assert samples[0].pred_panoptic_seg.sem_seg.shape == (1, *CASES[case].shape)
    metric.process(None, [sample.to_dict() for sample in samples])
    assert 0 <= metric.evaluate(2)["cityscapes_panoptic/PQ"] <= 100


def test_crowds_are_ignored(tmp_path, write_pair):
    init_default_scope("mmdet")
    write_pair(tmp_path, "a", CASES["crowd"])
    sample = CityscapesPanopticDataset(data_root=str(tmp_path), pipeline=TRAIN)[0]["data_samples"]
    assert len(sample.gt_instances) == 0
    assert sample.ignored_instances.bboxes.tensor.tolist() == [[0, 0, 64, 32]]


def test_single_pixels_are_instances(tmp_path, write_pair):
    init_default_scope("mmdet")
    write_pair(tmp_path, "a", CASES["pixels"])
    sample = CityscapesPanopticDataset(data_root=str(tmp_path), pipeline=TRAIN)[0]["data_samples"]
    assert sample.gt_instances.labels.tolist() == [0, 2, 2, 7]
    boxes = sample.gt_instances.bboxes.tensor
    assert (boxes[:, 2:] - boxes[:, :2]).tolist() == [[1, 1]] * 4


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK"])
def test_images_of_other_kinds_become_colour_images(tmp_path, write_pair, mode):
    init_default_scope("mmdet")
    write_pair(tmp_path, "a", street())
    path = tmp_path / "leftImg8bit/train/a_leftImg8bit.png"
    kind = "TIFF" if mode == "CMYK" else "PNG"
    Image.new("RGB", (64, 32), (102, 102, 102)).convert(mode).save(path, kind)
    inputs = CityscapesPanopticDataset(data_root=str(tmp_path), pipeline=TRAIN)[0]["inputs"]
    assert inputs.shape == (3, 32, 64)
    assert (inputs.float() - 102).abs().max() <= 1
