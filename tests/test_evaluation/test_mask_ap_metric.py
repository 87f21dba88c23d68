"""Mask AP: by hand, and against MMDetection's CocoMetric."""

import json
import math

import numpy as np
import pytest
import torch
from mmdet.evaluation import CocoMetric
from mmdet.registry import METRICS
from pycocotools import mask as coco_mask

from mmhps.evaluation import MaskAPMetric

PERSON, CAR = 0, 1
ROW = [[7, 26000, 26000, 26000, 26000, 26000, 7, 7, 7, 7]]


def mask(*columns, width=10):
    return [[column in columns for column in range(width)]]


def none(width=10):
    return np.zeros((0, 1, width))


def test_by_hand(add_truth, evaluate, instances):
    # IoU 3 / 5 = 0.6: found at the thresholds 0.5, 0.55 and 0.6 of ten
    found = instances([mask(1, 2, 3)], [CAR], [0.9])
    metrics = evaluate(MaskAPMetric(), [add_truth("a", ROW, pred_instances=found)])
    assert metrics["coco/segm_mAP"] == pytest.approx(0.3)
    assert [metrics[f"coco/segm_mAP_{x}"] for x in (50, 75)] == pytest.approx([1, 0])
    assert metrics["coco/segm_mAP_s"] == pytest.approx(0.3)
    assert math.isnan(metrics["coco/segm_mAP_l"])


def test_nothing_predicted_and_nothing_there(add_truth, evaluate, instances):
    empty = instances(none(), [], [])
    assert (
        evaluate(MaskAPMetric(), [add_truth("a", ROW, pred_instances=empty)])["coco/segm_mAP"] == 0
    )
    empty = evaluate(MaskAPMetric(), [add_truth("b", [[7] * 10], pred_instances=empty)])
    assert math.isnan(empty["coco/segm_mAP"])
    assert math.isnan(evaluate(MaskAPMetric(), [])["coco/segm_mAP"])


def test_repeated_images_count_once_and_crowds_do_not(add_truth, evaluate, instances):
    found = instances([mask(1, 2, 3, 4, 5), mask(7, 8)], [CAR, PERSON], [0.9, 0.8])
    crowd = [ROW[0][:7] + [24, 24, 7]]  # persons that are not told apart
    sample = add_truth("a", crowd, pred_instances=found)
    assert evaluate(MaskAPMetric(), [sample, sample])["coco/segm_mAP"] == pytest.approx(1)


def test_detectors_that_were_not_asked(add_truth, evaluate, instances):
    found = instances(none(), [], [])
    del found["masks"]
    for sample in (add_truth("a", ROW), add_truth("a", ROW, pred_instances=found)):
        with pytest.raises(ValueError, match=r"no pred_instances\.masks\. Set model\.test_cfg"):
            evaluate(MaskAPMetric(), [sample])
    found = instances(none(9), [], []) | dict(masks=torch.zeros(1, 2, 9))
    with pytest.raises(ValueError, match="Predict at the original size"):
        evaluate(
            MaskAPMetric(),
            [
                add_truth(
                    "a",
                    ROW,
                    pred_instances=found
                    | dict(labels=torch.tensor([1]), scores=torch.tensor([1.0])),
                )
            ],
        )


def test_equal_to_cocometric(add_truth, evaluate, instances, tmp_path):
    """Random squares of all three sizes, and shifted copies of them as predictions."""
    rng = np.random.default_rng(0)
    samples, images, annotations = [], [], []
    for image in range(3):
        ids, masks, labels = np.full((160, 240), 7), [], []
        for k in range(6):
            side, label = int(rng.choice([12, 40, 110])), int(rng.integers(2))
            y, x = rng.integers(0, 160 - side), rng.integers(0, 240 - side)
            ids[y : y + side, x : x + side] = (24000, 26000)[label] + k
            copy = np.zeros(ids.shape, bool)
            shift = rng.integers(0, 4)
            copy[y + shift : y + side, x : x + side - shift] = True
            masks.append(copy)
            labels.append(label)
        found = instances(masks, labels, rng.random(6).tolist())
        found["bboxes"] = torch.zeros(6, 4)
        sample = add_truth(f"{image}", ids, pred_instances=found)
        samples.append(sample | dict(img_id=image, ori_shape=ids.shape))
        images.append(dict(id=image, height=160, width=240, file_name=f"{image}.png"))
        for value in set(np.unique(ids)) - {7}:
            rle = coco_mask.encode(np.asfortranarray(ids == value, dtype=np.uint8))
            annotations.append(
                dict(
                    id=len(annotations) + 1, image_id=image, category_id=int(value // 26000),
                    iscrowd=0, area=float(coco_mask.area(rle)),
                    bbox=coco_mask.toBbox(rle).tolist(),
                    segmentation=dict(size=rle["size"], counts=rle["counts"].decode()),
                )
            )  # fmt: skip
    categories = [dict(id=label, name=name) for label, name in enumerate(("person", "car"))]
    path = tmp_path / "instances.json"
    path.write_text(json.dumps(dict(images=images, annotations=annotations, categories=categories)))
    theirs = CocoMetric(str(path), metric="segm")
    theirs.dataset_meta = dict(classes=("person", "car"))
    theirs.process(None, samples)
    expected = theirs.evaluate(3)
    ours = evaluate(METRICS.build(dict(type="MaskAPMetric")), samples)
    assert ours == pytest.approx(expected, abs=6e-4)  # theirs has three decimals
    assert 0.1 < ours["coco/segm_mAP"] < 0.9
