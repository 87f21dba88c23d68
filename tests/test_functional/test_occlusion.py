import torch

from mmhps.functional import not_hidden, paste_windows

SIZE = (2, 8)


def layers(*spans, logit=1.0):
    """Canvases over both rows whose masks span columns ``left..right``."""
    boxes = torch.tensor([[left, 0.0, right, 2.0] for left, right in spans])
    return paste_windows(torch.full((len(spans), 2, 2), logit), boxes, SIZE)


def test_no_instances():
    assert not_hidden([], SIZE, 0.5).shape == (0,)


def test_hidden_by_hand():
    # Of the second mask 1/4, of the third 3/4 lie behind the first.
    three = layers((0.0, 4.0), (3.0, 7.0), (1.0, 5.0))
    # Behind both kept ones, the third mask has all of its 4 columns: 1..3 and 3..4.
    assert not_hidden(three, SIZE, 0.5).tolist() == [True, True, False]
    assert not_hidden(three, SIZE, 0.2).tolist() == [True, False, False]
    assert not_hidden(three, SIZE, 0.75).tolist() == [True, True, False]
    assert not_hidden(three, SIZE, 1.0).tolist() == [True, True, True]


def test_what_dropped_out_hides_nothing():
    # The second drops out behind the first; the third is hidden by the second alone.
    three = layers((0.0, 4.0), (2.0, 5.0), (4.0, 5.0))
    assert not_hidden(three, SIZE, 0.5).tolist() == [True, False, True]


def test_half_is_not_more_than_half():
    assert not_hidden(layers((0.0, 4.0), (2.0, 6.0)), SIZE, 0.5).tolist() == [True, True]


def test_only_the_own_class_hides():
    # Of the second mask 1/2 lies behind the first, of the third all behind both.
    three = layers((0.0, 4.0), (2.0, 6.0), (2.0, 4.0))
    classes = torch.tensor([0, 1, 1])
    assert not_hidden(three, SIZE, 0.3).tolist() == [True, False, False]
    assert not_hidden(three, SIZE, 0.3, classes).tolist() == [True, True, False]
    assert not_hidden(three, SIZE, 0.3, torch.tensor([0, 1, 2])).tolist() == [True] * 3
    assert not_hidden([], SIZE, 0.3, classes[:0]).shape == (0,)


def test_without_a_mask():
    assert not_hidden(layers((0.0, 4.0), logit=-1.0), SIZE, 1.0).tolist() == [False]
    assert not_hidden(layers((-9.0, -4.0), (1.1, 1.2)), SIZE, 1.0).tolist() == [False, False]
