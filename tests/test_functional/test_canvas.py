import pytest
import torch
import torch.nn.functional as F

from mmhps.functional import box_cover, paste_canvases


def test_no_instances():
    masks = torch.zeros(0, 28, 28, requires_grad=True)
    canvases = paste_canvases(masks, torch.zeros(0, 4), (4, 6))
    assert canvases.shape == (0, 4, 6)
    canvases.sum().backward()
    assert masks.grad.shape == (0, 28, 28)


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
