import torch

from mmhps.functional import winner_ids


def test_no_instances():
    labels = torch.zeros(0, dtype=torch.long)
    # Three things and two stuff classes: labels 3 and 4, void 5.
    assert winner_ids(torch.tensor([[0, 1, 2]]), labels, 3, 2).tolist() == [[3, 4, 5]]
    assert winner_ids(torch.zeros(0, 4, dtype=torch.int32), labels, 3, 2).shape == (0, 4)


def test_by_hand():
    """Stuff 1, instances 0 and 1 of the classes 2 and 0, void."""
    found = winner_ids(torch.tensor([[1, 2, 3, 4]]), torch.tensor([2, 0]), 3, 2)
    assert found.tolist() == [[4, 1002, 2000, 5]]
    assert found.dtype == torch.int32


def test_small_stuff_becomes_void_and_small_instances_stay():
    winner = torch.tensor([[0, 1, 1, 2]])
    assert winner_ids(winner, torch.tensor([1]), 3, 2, 2).tolist() == [[5, 4, 4, 1001]]


def test_unsure_stuff_becomes_void():
    unsure = torch.tensor([True, False])
    found = winner_ids(torch.tensor([[0, 1, 2]]), torch.tensor([1]), 3, 2, unsure=unsure)
    assert found.tolist() == [[5, 4, 1001]]


def test_without_stuff():
    assert winner_ids(torch.tensor([[0, 1]]), torch.tensor([0]), 1, 0, 9).tolist() == [[1000, 1]]
