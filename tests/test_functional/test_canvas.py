import pytest
import torch
import torch.nn.functional as F

from mmhps.functional import (
    box_cover,
    merge_groups,
    merge_layers,
    paste_canvases,
    paste_windows,
    weighted_mean,
)

INF = torch.inf


def test_no_instances():
    masks = torch.zeros(0, 28, 28, requires_grad=True)
    canvases = paste_canvases(masks, torch.zeros(0, 4), (4, 6))
    assert canvases.shape == (0, 4, 6)
    canvases.sum().backward()
    assert masks.grad.shape == (0, 28, 28)
    assert merge_groups([], torch.zeros(0, dtype=torch.long), 0.5).shape == (0,)
    layers, leaders = merge_layers([], torch.zeros(0, dtype=torch.long), torch.zeros(0))
    assert layers == [] and leaders.tolist() == []


def test_wrong_shapes():
    with pytest.raises(ValueError, match=r"boxes \(N, 4\), got \(1, 2, 2\) and \(2, 4\)"):
        paste_canvases(torch.zeros(1, 2, 2), torch.zeros(2, 4), (4, 4))


def test_same_size_copies_the_logits():
    mask = torch.tensor([[[1.0, -2.0], [3.0, 4.0]]])
    canvas = paste_canvases(mask, torch.tensor([[1.0, 1.0, 3.0, 3.0]]), (4, 4), empty=-9.0)
    expected = torch.full((4, 4), -9.0)
    expected[1:3, 1:3] = mask[0]
    assert torch.equal(canvas[0], expected)


def test_upsampling_by_two_by_hand():
    # Cells (0, 4) over four pixels: centres fall at cell positions -0.25, 0.25, 0.75, 1.25.
    mask = torch.tensor([[[0.0, 4.0]]])
    canvas = paste_canvases(mask, torch.tensor([[0.0, 0.0, 4.0, 1.0]]), (1, 4))
    assert canvas.tolist() == [[[0.0, 1.0, 3.0, 4.0]]]


def test_equals_interpolate_for_whole_pixels():
    generator = torch.Generator().manual_seed(0)
    mask = torch.randn(1, 28, 28, generator=generator)
    canvas = paste_canvases(mask, torch.tensor([[2.0, 3.0, 43.0, 53.0]]), (60, 50))
    resized = F.interpolate(mask[None], (50, 41), mode="bilinear", align_corners=False)
    torch.testing.assert_close(canvas[0, 3:53, 2:43], resized[0, 0])
    assert canvas.count_nonzero() == 50 * 41


def test_box_beyond_the_image_shows_its_inner_part():
    mask = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
    canvas = paste_canvases(mask, torch.tensor([[-1.0, -1.0, 1.0, 1.0]]), (2, 2))
    assert canvas.tolist() == [[[4.0, 0.0], [0.0, 0.0]]]


@pytest.mark.parametrize(
    "box",
    [
        [10.0, 10.0, 12.0, 12.0],
        [-5.0, 0.0, -1.0, 2.0],
        [1.6, 0.0, 1.9, 3.0],
        [1.0, 1.0, 1.0, 1.0],
        [2.0, 2.0, 1.0, 1.0],
    ],
    ids=["right of image", "left of image", "thinner than a pixel", "empty", "inverted"],
)
def test_boxes_without_a_pixel_centre(box):
    masks = torch.ones(1, 2, 2, requires_grad=True)
    canvas = paste_canvases(masks, torch.tensor([box]), (3, 3), empty=-1.0)
    assert torch.equal(canvas, torch.full((1, 3, 3), -1.0))
    canvas.sum().backward()
    assert torch.equal(masks.grad, torch.zeros(1, 2, 2))


def test_thin_box_around_a_pixel_centre():
    canvas = paste_canvases(torch.ones(1, 2, 2), torch.tensor([[1.4, 0.0, 1.6, 2.0]]), (2, 3))
    assert canvas.tolist() == [[[0, 1, 0], [0, 1, 0]]]


def test_gradcheck():
    generator = torch.Generator().manual_seed(1)
    masks = torch.randn(2, 3, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    boxes = torch.tensor([[0.5, 0.2, 4.1, 3.9], [-1.0, 1.0, 2.5, 9.0]])
    # Computed in float32, so the step and the tolerance are those of float32.
    assert torch.autograd.gradcheck(
        lambda m: paste_canvases(m, boxes, (4, 5)), masks, eps=1e-2, atol=1e-3
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_huge_logits(dtype):
    huge = torch.finfo(dtype).max / 4
    masks = torch.full((1, 2, 2), huge, dtype=dtype)
    canvas = paste_canvases(masks, torch.tensor([[0.3, 0.0, 3.0, 3.0]]), (3, 3))
    assert canvas.dtype == dtype
    assert torch.isfinite(canvas).all()


def test_autocast_does_not_blur_positions():
    mask = torch.randn(1, 28, 28, generator=torch.Generator().manual_seed(0))
    box = torch.tensor([[3.3, 100.7, 901.2, 412.9]])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        under_autocast = paste_canvases(mask, box, (512, 1024))
    assert torch.equal(under_autocast, paste_canvases(mask, box, (512, 1024)))


def test_box_cover_by_hand():
    cover = box_cover(torch.tensor([[0.5, 0.6, 2.5, 9.0]]), (2, 4))
    assert cover.int().tolist() == [[[0, 0, 0, 0], [1, 1, 0, 0]]]


@pytest.mark.parametrize(
    "box", [[1.2, 0.7, 4.6, 3.1], [-2.0, -3.0, 1.5, 2.5], [9.0, 9.0, 12.0, 12.0], [4.7, 0, 5, 4]]
)
def test_window_equals_canvas(box):
    mask = torch.randn(3, 3, generator=torch.Generator().manual_seed(2))
    ((window, layer),) = paste_windows(mask[None], torch.tensor([box]), (4, 5))
    canvas = paste_canvases(mask[None], torch.tensor([box]), (4, 5), -INF)[0]
    torch.testing.assert_close(layer, canvas[window])
    canvas[window] = -INF
    assert (canvas == -INF).all()


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


def test_weighted_mean_by_hand():
    canvases = torch.tensor([[[2.0, 4.0]], [[6.0, 0.0]]])
    weights = torch.tensor([[1.0, 0.0], [3.0, 0.0]])
    assert weighted_mean(canvases, weights).tolist() == [[[5.0, 1.0]], [[0.0, 0.0]]]
    cover = torch.tensor([[[True, True]], [[True, False]]])
    assert weighted_mean(canvases, weights, cover).tolist() == [[[5.0, 4.0]], [[0.0, 0.0]]]
