"""Semantic IoU by hand."""

import math

import pytest
import torch
from mmdet.registry import METRICS

from mmhps.evaluation import SemanticIoUMetric

PERSON, CAR, ROAD, SKY = range(4)


def predicted(labels):
    return dict(sem_seg=torch.tensor(labels)[None])


def test_by_hand(add_truth, evaluate):
    # road 2 of 4, car (an instance and a crowd) 3 of 4, sky predicted only; building (11) is void
    truth = [[7, 7, 7, 26000], [26, 26001, 11, 0]]
    labels = [[ROAD, ROAD, SKY, CAR], [CAR, ROAD, SKY, CAR]]
    metric = METRICS.build(dict(type="SemanticIoUMetric"))
    metrics = evaluate(metric, [add_truth("a", truth, pred_sem_seg=predicted(labels))])
    road, car, sky = 2 / 4, 2 / 3, 0
    assert metrics == {
        "semantic/mIoU": pytest.approx(100 * (road + car + sky) / 3),
        "semantic/mAcc": pytest.approx(100 * (2 / 3 + 2 / 3) / 2),
        "semantic/aAcc": pytest.approx(100 * 4 / 6),
    }


def test_pixels_of_all_images_are_added_up(add_truth, evaluate):
    one = add_truth("a", [[7, 7, 7]], pred_sem_seg=predicted([[ROAD, ROAD, ROAD]]))
    two = add_truth("b", [[7]], pred_sem_seg=predicted([[SKY]]))
    metrics = evaluate(SemanticIoUMetric(), [one, two, one])
    assert metrics["semantic/mIoU"] == pytest.approx(100 * (3 / 4 + 0) / 2)


def test_nothing(add_truth, evaluate):
    void = add_truth("a", [[0]], pred_sem_seg=predicted([[ROAD]]))
    for samples in ([], [void]):
        assert all(math.isnan(value) for value in evaluate(SemanticIoUMetric(), samples).values())


def test_detectors_that_were_not_asked_and_other_sizes(add_truth, evaluate):
    with pytest.raises(ValueError, match=r'no pred_sem_seg\.sem_seg\. Set .*\["semantic"\]'):
        evaluate(SemanticIoUMetric(), [add_truth("a", [[7]])])
    with pytest.raises(ValueError, match="Predict at the original size"):
        evaluate(SemanticIoUMetric(), [add_truth("a", [[7]], pred_sem_seg=predicted([[2, 2]]))])
