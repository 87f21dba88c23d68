import torch

from mmhps.deployment.detection import Detections
from mmhps.deployment.segments import (
    described,
    doubtful_stuff,
    enlarged,
    segment_names,
)
from mmhps.models import DifferentiableFusionHead

SIZE = (torch.tensor(2), torch.tensor(3))
# Two things, two stuff classes, three instances, of which the second is hidden: the winners are
# 0 and 1 for stuff, 2 to 4 for instances, 5 for void.
FOUND = Detections(torch.zeros(3, 4), torch.tensor([1, 0, 0]), torch.tensor([0.9, 0.8, 0.7]))
KEEP = torch.tensor([True, False, True])


def head(**options):
    return DifferentiableFusionHead(2, 2, test_cfg=options)


def test_names():
    names = segment_names(head(), FOUND, KEEP)
    assert names.labels.tolist() == [2, 3, 1, 0, 0, 4]
    assert names.ids[[0, 1, 2, 4, 5]].tolist() == [2, 3, 1001, 2000, 4]
    assert names.scores[2:5].tolist() == FOUND.scores.tolist()
    assert names.scores.isnan().tolist() == [True, True, False, False, False, True]


def test_described_by_hand():
    winner = torch.tensor([[0, 0, 2], [0, 4, 5]])
    found = described(winner, segment_names(head(), FOUND, KEEP), SIZE, torch.zeros(6) > 0)
    assert found.panoptic_ids.tolist() == [[2, 2, 1001], [2, 2000, 4]]
    assert found.ids.tolist() == [2, 1001, 2000]
    assert found.labels.tolist() == [2, 1, 0]
    assert found.areas.tolist() == [3, 1, 1]
    assert found.boxes.tolist() == [[0, 0, 2, 2], [2, 0, 3, 1], [1, 1, 2, 2]]
    assert found.scores.isnan().tolist() == [True, False, False]


def test_nothing_but_void():
    none = Detections(torch.zeros(0, 4), torch.zeros(0, dtype=torch.long), torch.zeros(0))
    names = segment_names(head(), none, torch.zeros(0, dtype=torch.bool))
    found = described(torch.full((2, 3), 2), names, SIZE, torch.zeros(3) > 0)
    assert (found.panoptic_ids == 4).all()
    assert [len(part) for part in found[1:]] == [0] * 5


def test_doubtful_stuff_becomes_void():
    names = segment_names(head(), FOUND, KEEP)
    winner = torch.tensor([0, 0, 1, 2, 4, 5])
    small = doubtful_stuff(winner, head(stuff_area_limit=2), names, None)
    assert small.tolist() == [False, True] + 4 * [False]  # instances may be small
    unsure = doubtful_stuff(winner, head(), names, torch.tensor([True, False]))
    assert unsure.tolist() == [True] + 5 * [False]
    found = described(winner.view(2, 3), names, SIZE, small | unsure)
    assert found.panoptic_ids.tolist() == [[4, 4, 4], [1001, 2000, 4]]
    assert found.ids.tolist() == [1001, 2000]


def test_enlarged_by_the_nearest_pixel():
    large = enlarged(torch.arange(6), SIZE, (torch.tensor(2), torch.tensor(6)))
    assert large.tolist() == [[0, 0, 1, 1, 2, 2], [3, 3, 4, 4, 5, 5]]
    assert enlarged(torch.arange(6), SIZE, SIZE).tolist() == [[0, 1, 2], [3, 4, 5]]
