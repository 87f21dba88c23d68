import pytest
import torch

from mmhps.functional import majority_classes

T, CLASSES = 2, 5
"""Things 0 and 1, stuff 2, 3 and 4."""


def classes_of(semantic, label=0):
    """The class of a single instance whose pixels have these semantic classes."""
    pixels = torch.tensor(semantic)
    (found,) = majority_classes(
        torch.zeros_like(pixels), pixels, torch.tensor([label]), T, CLASSES
    ).tolist()
    return found


def test_no_instances():
    none = torch.zeros(0, dtype=torch.long)
    assert majority_classes(none, none, none, T, CLASSES).shape == (0,)


@pytest.mark.parametrize(
    ("semantic", "expected"),
    [
        ([0, 0, 3], 0),  # the branches agree
        ([3, 3, 0], 3),  # two thirds are stuff
        ([3, 3, 0, 1], 3),  # half is enough
        ([3, 3, 0, 1, 4], 0),  # two of five are not
        ([1, 1, 1], 0),  # another thing
    ],
)
def test_by_hand(semantic, expected):
    assert classes_of(semantic) == expected


def test_instances_without_a_pixel_keep_their_class():
    instance, semantic = torch.tensor([1, 1, 3]), torch.tensor([4, 4, 0])
    found = majority_classes(instance, semantic, torch.tensor([1, 0, 1, 1]), T, CLASSES)
    assert found.tolist() == [1, 4, 1, 1]
