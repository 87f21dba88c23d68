import torch

from mmhps.functional import merge_groups, merge_layers

INF = torch.inf


def test_no_instances():
    assert merge_groups([], torch.zeros(0, dtype=torch.long), 0.5).shape == (0,)
    layers, leaders = merge_layers([], torch.zeros(0, dtype=torch.long), torch.zeros(0))
    assert layers == [] and leaders.tolist() == []


def test_merge_groups_by_class_and_iou():
    # Masks of 4, 3, 4 and 4 pixels in a row of 8, in windows of 4, 5, 8 and 4: IoU(0, 1) = 3/4,
    # IoU(0, 2) = 2/6.
    def layer(start, stop, mask):
        canvas = -torch.ones(1, 8)
        canvas[0, mask] = 1.0
        return (slice(0, 1), slice(start, stop)), canvas[:, start:stop]

    layers = [
        layer(0, 4, slice(0, 4)),
        layer(0, 5, slice(1, 4)),
        layer(0, 8, slice(2, 6)),
        layer(0, 4, slice(0, 4)),
    ]
    labels = torch.tensor([5, 5, 5, 6])
    assert merge_groups(layers, labels, 0.5).tolist() == [0, 0, 1, 2]
    assert merge_groups(layers, labels, 0.3).tolist() == [0, 0, 0, 1]
    assert merge_groups(layers, labels, 1.0).tolist() == [0, 1, 2, 3]
    # Layers 0 and 1 are told apart, layer 2 may join one of them.
    assert merge_groups(layers, labels, 0.3, [8, 8, 9, 8]).tolist() == [0, 1, 0, 2]
    assert merge_groups(layers, labels, 0.3, [8, 9, 8, 8]).tolist() == [0, 0, 1, 2]


def test_merge_groups_of_masks_that_cannot_overlap():
    corner = ((slice(0, 2), slice(0, 2)), torch.ones(2, 2))
    apart = ((slice(4, 6), slice(4, 6)), torch.ones(2, 2))
    empty = ((slice(0, 2), slice(0, 2)), -torch.ones(2, 2))
    nothing = ((slice(3, 3), slice(0, 2)), torch.ones(0, 2))
    labels = torch.zeros(4, dtype=torch.long)
    assert merge_groups([corner, apart, empty, nothing], labels, 0.0).tolist() == [0, 1, 2, 3]


def test_merge_layers_averages_where_both_cover():
    first = ((slice(0, 1), slice(0, 2)), torch.tensor([[2.0, 4.0]]))
    second = ((slice(0, 2), slice(1, 2)), torch.tensor([[1.0], [-INF]]))
    alone = ((slice(0, 1), slice(0, 1)), torch.tensor([[7.0]]))
    layers, leaders = merge_layers(
        [first, alone, second], torch.tensor([0, 1, 0]), torch.tensor([1.0, 0.3, 3.0])
    )
    assert leaders.tolist() == [0, 1]
    assert layers[0][0] == (slice(0, 2), slice(0, 2))
    # (1 * 4 + 3 * 1) / 4 = 1.75 where both cover.
    assert layers[0][1].tolist() == [[2.0, 1.75], [-INF, -INF]]
    assert layers[1] is alone
