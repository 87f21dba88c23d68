import pytest
import torch

from mmhps.deployment.claims import Claims, merged, paste, seen, windows_of
from mmhps.functional import merge_groups, merge_layers, not_hidden, paste_canvases, paste_windows

SIZE = (torch.tensor(20), torch.tensor(30))
PIXELS = torch.tensor([600])
SHAPE = (20, 30)


def random_instances(number, seed=0):
    g = torch.Generator().manual_seed(seed)
    corner = torch.rand(number, 2, generator=g) * 20 - 4
    boxes = torch.cat([corner, corner + torch.rand(number, 2, generator=g) * 15], dim=1)
    return torch.randn(number, 4, 4, generator=g), boxes


def canvases(claims, number):
    """Claims as (N, H, W) layers, -inf where there is none."""
    layers = torch.full((number, 600), -torch.inf)
    layers[claims.owner, claims.pixel] = claims.value
    return layers.view(number, *SHAPE)


def test_no_instances():
    claims = paste(torch.zeros(0, 4, 4), torch.zeros(0, 4), SIZE)
    none = torch.zeros(0, dtype=torch.long)
    assert [part.shape for part in claims] == [(0,)] * 5
    assert seen(claims, 0.5, PIXELS).shape == (0,)
    windows = windows_of(torch.zeros(0, 4), SIZE)
    joint = merged(claims, windows, none, torch.zeros(0), 0.5, PIXELS)
    assert [part.shape for part in joint] == [(0,)] * 5


def test_claims_are_windows():
    masks, boxes = random_instances(8)
    claims = paste(masks, boxes, SIZE)
    expected = paste_canvases(masks, boxes, SHAPE, empty=-torch.inf)
    torch.testing.assert_close(canvases(claims, 8), expected)
    for n, (window, canvas) in enumerate(paste_windows(masks, boxes, SHAPE)):
        part = slice(claims.start[n], claims.stop[n])
        assert (claims.owner[part] == n).all()
        torch.testing.assert_close(claims.value[part], canvas.flatten())
        edges = windows_of(boxes, SIZE)[n].tolist()
        if canvas.numel():
            assert edges == [window[0].start, window[1].start, window[0].stop, window[1].stop]


def test_faded_masks_are_half_at_the_edge():
    # 4 pixels across a box of 2 cells: 1/4 and 3/4 of a cell from the edge, then symmetric. The
    # first lies half way between the outermost cell's middle and the 0 beyond it: 3/4.
    claims = paste(torch.ones(1, 2, 2), torch.tensor([[0.0, 0.0, 4.0, 4.0]]), SIZE, faded=True)
    line = torch.tensor([0.75, 1.0, 1.0, 0.75])
    torch.testing.assert_close(claims.value.view(4, 4), line[:, None] * line)


def test_merged_by_hand():
    # Two instances of a class: pixels 0, 1 and pixels 1, 2 of one row; then one of another class.
    claims = Claims(
        pixel=torch.tensor([0, 1, 1, 2, 1]),
        owner=torch.tensor([0, 0, 1, 1, 2]),
        value=torch.tensor([2.0, 4.0, 1.0, 8.0, 5.0]),
        start=torch.tensor([0, 2, 4]),
        stop=torch.tensor([2, 4, 5]),
    )
    windows = torch.tensor([[0, 0, 1, 2], [0, 1, 1, 3], [0, 1, 1, 2]])
    labels, scores = torch.tensor([4, 4, 3]), torch.tensor([0.9, 0.3, 0.2])
    joint = merged(claims, windows, labels, scores, 0.3, PIXELS)  # their IoU is 1/3
    part = slice(joint.start[0], joint.stop[0])
    assert joint.pixel[part].tolist() == [0, 1, 2]
    # (0.9 * 4 + 0.3 * 1) / 1.2 = 3.25 where both are.
    torch.testing.assert_close(joint.value[part], torch.tensor([2.0, 3.25, 8.0]))
    assert joint.start[1] == joint.stop[1]
    assert joint.value[joint.start[2] : joint.stop[2]].tolist() == [5.0]
    apart = merged(claims, windows, labels, scores, 0.4, PIXELS)
    assert (apart.stop - apart.start).tolist() == [2, 2, 1]


@pytest.mark.parametrize("iou", [0.05, 0.3])
def test_merged_as_layers(iou):
    masks, boxes = random_instances(12, seed=1)
    masks, boxes = masks + 1, boxes.repeat(2, 1)[:12] + torch.linspace(0, 2, 12)[:, None]
    labels, scores = torch.arange(12) % 2, torch.linspace(0.9, 0.1, 12)
    layers = paste_windows(masks, boxes, SHAPE)
    groups = merge_groups(layers, labels, iou)
    assert 1 < len(groups.unique()) < 12
    layers, leaders = merge_layers(layers, groups, scores)
    claims = paste(masks, boxes, SIZE)
    joint = merged(claims, windows_of(boxes, SIZE), labels, scores, iou, PIXELS)
    found = canvases(joint, 12)[leaders]
    for layer, (window, canvas) in zip(found, layers, strict=True):
        expected = torch.full(SHAPE, -torch.inf)
        expected[window] = canvas
        torch.testing.assert_close(layer, expected)
    keep = torch.zeros(12, dtype=torch.bool)
    keep[leaders] = not_hidden(layers, SHAPE, 0.4)
    assert (seen(joint, 0.4, PIXELS) == keep).all() and keep.any() and not keep[leaders].all()


def test_hidden_by_hand():
    # The second mask has 3 pixels, of which the first hides 2; the third is empty.
    claims = Claims(
        pixel=torch.tensor([0, 1, 0, 1, 2, 5]),
        owner=torch.tensor([0, 0, 1, 1, 1, 2]),
        value=torch.tensor([1.0, 1.0, 1.0, 1.0, 1.0, -1.0]),
        start=torch.tensor([0, 2, 5]),
        stop=torch.tensor([2, 5, 6]),
    )
    assert seen(claims, 0.5, PIXELS).tolist() == [True, False, False]
    assert seen(claims, 0.7, PIXELS).tolist() == [True, True, False]
