import torch

from mmhps.deployment.detection import Detections
from mmhps.deployment.segments import (
    described,
    enlarged,
    segment_names,
    without_doubtful_stuff,
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
    found = described(winner, segment_names(head(), FOUND, KEEP), SIZE)
    assert found.panoptic_ids.tolist() == [[2, 2, 1001], [2, 2000, 4]]
    assert found.ids.tolist() == [2, 1001, 2000]
    assert found.labels.tolist() == [2, 1, 0]
    assert found.areas.tolist() == [3, 1, 1]
    assert found.boxes.tolist() == [[0, 0, 2, 2], [2, 0, 3, 1], [1, 1, 2, 2]]
    assert found.scores.isnan().tolist() == [True, False, False]


def test_nothing_but_void():
    none = Detections(torch.zeros(0, 4), torch.zeros(0, dtype=torch.long), torch.zeros(0))
    names = segment_names(head(), none, torch.zeros(0, dtype=torch.bool))
    found = described(torch.full((2, 3), 2), names, SIZE)
    assert (found.panoptic_ids == 4).all()
    assert [len(part) for part in found[1:]] == [0] * 5


def test_doubtful_stuff_becomes_void():
    names = segment_names(head(), FOUND, KEEP)
    winner = torch.tensor([0, 0, 1, 2, 4, 5])
    found = without_doubtful_stuff(winner, head(stuff_area_limit=2), names, None)
    assert found.tolist() == [0, 0, 5, 2, 4, 5]  # instances may be small
    unsure = torch.tensor([True, False])
    assert without_doubtful_stuff(winner, head(), names, unsure).tolist() == [5, 5, 1, 2, 4, 5]


def test_enlarged_by_the_nearest_pixel():
    large = enlarged(torch.arange(6), SIZE, (torch.tensor(2), torch.tensor(6)))
    assert large.tolist() == [[0, 0, 1, 1, 2, 2], [3, 3, 4, 4, 5, 5]]
    assert enlarged(torch.arange(6), SIZE, SIZE).tolist() == [[0, 1, 2], [3, 4, 5]]
