import torch

from mmhps.deployment.detection import Detections
from mmhps.deployment.segments import (
    described,
    doubtful_stuff,
    runs_of,
    segment_names,
)
from mmhps.models import DifferentiableFusionHead

SIZE = (torch.tensor(2), torch.tensor(3))
# Two things, two stuff classes, three instances, of which the second is hidden: the winners are
# 0 and 1 for things without an instance, 2 and 3 for stuff, -3 to -1 for instances.
FOUND = Detections(torch.zeros(3, 4), torch.tensor([1, 0, 0]), torch.tensor([0.9, 0.8, 0.7]))
KEEP = torch.tensor([True, False, True])


def head(**options):
    return DifferentiableFusionHead(2, 2, test_cfg=options)


def segments(winner, names, size=SIZE, doubtful=None):
    winner = torch.tensor(winner)
    doubtful = torch.zeros(len(names.ids)) > 0 if doubtful is None else doubtful
    return described(winner, runs_of(winner, names), names, size, doubtful)


def test_names():
    names = segment_names(head(), FOUND, KEEP)
    assert names.void == 4
    assert names.labels.tolist() == [4, 4, 2, 3, 1, 0, 0]
    assert names.ids[[0, 1, 2, 3, -3, -1]].tolist() == [4, 4, 2, 3, 1001, 2000]
    assert names.scores[4:].tolist() == FOUND.scores.tolist()
    assert names.scores.isnan().tolist() == 4 * [True] + 3 * [False]


def test_runs_by_hand():
    winner = torch.tensor([[2, 2, -3], [-3, -3, 2]])
    runs = runs_of(winner, segment_names(head(), FOUND, KEEP))
    assert runs.name.tolist() == [2, 4, 4, 2]
    assert runs.row.tolist() == [0, 0, 1, 1]
    assert runs.start.tolist() == [0, 2, 0, 2]
    assert runs.stop.tolist() == [2, 3, 2, 3]


def test_described_by_hand():
    found = segments([[2, 2, -3], [2, -1, 0]], segment_names(head(), FOUND, KEEP))
    assert found.panoptic_ids.tolist() == [[2, 2, 1001], [2, 2000, 4]]
    assert found.ids.tolist() == [2, 1001, 2000]
    assert found.labels.tolist() == [2, 1, 0]
    assert found.areas.tolist() == [3, 1, 1]
    assert found.boxes.tolist() == [[0, 0, 2, 2], [2, 0, 3, 1], [1, 1, 2, 2]]
    assert found.scores.isnan().tolist() == [True, False, False]


def test_nothing_but_void():
    none = Detections(torch.zeros(0, 4), torch.zeros(0, dtype=torch.long), torch.zeros(0))
    names = segment_names(head(), none, torch.zeros(0, dtype=torch.bool))
    found = segments([[0, 1, 1], [0, 0, 0]], names)
    assert (found.panoptic_ids == 4).all()
    assert [len(part) for part in found[1:]] == [0] * 5


def test_doubtful_stuff_becomes_void():
    names = segment_names(head(), FOUND, KEEP)
    winner = [[2, 2, 3], [-3, -1, 0]]
    runs = runs_of(torch.tensor(winner), names)
    small = doubtful_stuff(runs, head(stuff_area_limit=2), names, None)
    assert small.tolist() == [False] * 3 + [True] + [False] * 3  # instances may be small
    unsure = doubtful_stuff(runs, head(), names, torch.tensor([True, False]))
    assert unsure.tolist() == [False] * 2 + [True] + [False] * 4
    found = segments(winner, names, doubtful=small | unsure)
    assert found.panoptic_ids.tolist() == [[4, 4, 4], [1001, 2000, 4]]
    assert found.ids.tolist() == [1001, 2000]


def test_enlarged_by_the_nearest_pixel():
    names = segment_names(head(), FOUND, KEEP)
    found = segments([[2, 3, -3], [2, -1, -1]], names, (torch.tensor(2), torch.tensor(7)))
    # The middles of 7 pixels lie at 3/14, 9/14, … of 3: in 0, 0, 1, 1, 1, 2, 2.
    assert found.panoptic_ids.tolist() == [
        [2, 2, 3, 3, 3, 1001, 1001],
        [2, 2, 2000, 2000, 2000, 2000, 2000],
    ]
    assert found.ids.tolist() == [2, 3, 1001, 2000]
    assert found.areas.tolist() == [4, 3, 2, 5]
    assert found.boxes.tolist() == [[0, 0, 2, 2], [2, 0, 5, 1], [5, 0, 7, 1], [2, 1, 7, 2]]
