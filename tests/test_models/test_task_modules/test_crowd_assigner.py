import pytest
import torch
from mmengine.structures import InstanceData

from mmhps.models import CrowdAssigner

PRIORS = torch.tensor(
    [
        [0.0, 0, 10, 10],  # in no crowd
        [30, 30, 50, 50],  # in the crowd
        [50, 30, 66, 60],  # 10 of 16 columns in the crowd
        [50, 30, 70, 60],  # half in the crowd
    ]
)
CROWD = torch.tensor([[30.0, 30, 60, 60]])
RULES = dict(pos_iou_thr=0.5, neg_iou_thr=0.5, min_pos_iou=0.5)


def assigned(boxes, crowds, **options):
    gt = InstanceData(bboxes=boxes, labels=torch.zeros(len(boxes), dtype=torch.long))
    ignored = None if crowds is None else InstanceData(bboxes=crowds)
    assigner = CrowdAssigner(**{**RULES, "ignore_iof_thr": 0.5, **options})
    return assigner.assign(InstanceData(priors=PRIORS), gt, ignored).gt_inds.tolist()


NONE = torch.zeros(0, 4)


def test_nothing_to_assign():
    assert assigned(NONE, None) == assigned(NONE, NONE) == [0, 0, 0, 0]


def test_crowd_without_an_instance():
    assert assigned(NONE, CROWD) == [0, -1, -1, 0]


def test_crowd_with_all_boxes_in_it():
    """MMDetection's heads have no loss, and so no gradient, without any box."""
    assert assigned(NONE, torch.tensor([[0.0, 0, 100, 100]])) == [0, 0, 0, 0]


def test_crowd_beside_an_instance():
    assert assigned(PRIORS[:1], CROWD) == [1, -1, -1, 0]


@pytest.mark.parametrize("boxes", [NONE, PRIORS[:1]])
def test_crowds_are_not_ignored_where_that_is_off(boxes):
    assert assigned(boxes, CROWD, ignore_iof_thr=-1)[1:] == [0, 0, 0]


def test_share_of_the_crowd():
    # The second box covers 400 of the crowd's 900 pixels, the third and fourth 300.
    assert assigned(NONE, CROWD, ignore_wrt_candidates=False) == [0, 0, 0, 0]
    assert assigned(NONE, CROWD, ignore_wrt_candidates=False, ignore_iof_thr=0.4) == [0, -1, 0, 0]
