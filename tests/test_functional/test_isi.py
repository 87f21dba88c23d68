import torch

from mmhps.functional import initial_segmentation_image


def test_no_instances_give_empty_layers():
    for cover in (None, torch.zeros(0, 2, 2, dtype=torch.bool)):
        weights = torch.zeros(0, 3, requires_grad=True)
        isi = initial_segmentation_image(torch.zeros(0, 2, 2), weights, cover)
        assert torch.equal(isi, torch.zeros(3, 2, 2))
        isi.sum().backward()


def test_weighted_average_per_class():
    canvases = torch.tensor([[[1.0]], [[5.0]], [[-2.0]]])
    scores = torch.tensor([0.9, 0.3, 0.5])
    one_hot = torch.tensor([[0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    isi = initial_segmentation_image(canvases, scores[:, None] * one_hot)
    # Class 1: (0.9 * 1 + 0.3 * 5) / 1.2 = 2; class 2 has no instance.
    torch.testing.assert_close(isi.flatten(), torch.tensor([-2.0, 2.0, 0.0]))


def test_cover_keeps_empty_canvases_from_diluting():
    canvases = torch.tensor([[[4.0, 0.0]], [[0.0, 8.0]]])
    weights = torch.tensor([[0.5], [0.5]])
    cover = torch.tensor([[[True, False]], [[False, True]]])
    assert initial_segmentation_image(canvases, weights).tolist() == [[[2.0, 4.0]]]
    assert initial_segmentation_image(canvases, weights, cover).tolist() == [[[4.0, 8.0]]]


def test_missing_weight_counts_as_empty():
    canvases = torch.tensor([[[1.0, 1.0]], [[0.5, 0.0]]])
    weights = torch.tensor([[0.4], [1.6]])
    cover = torch.tensor([[[True, True]], [[True, False]]])
    isi = initial_segmentation_image(canvases, weights, cover, min_weight=1.0)
    # Left: (0.4 * 1 + 1.6 * 0.5) / 2; right: 0.4 * 1 and an empty layer of weight 0.6.
    torch.testing.assert_close(isi, torch.tensor([[[0.6, 0.4]]]))


def test_gradcheck():
    generator = torch.Generator().manual_seed(0)
    canvases = torch.randn(3, 2, 2, generator=generator, dtype=torch.float64, requires_grad=True)
    weights = torch.rand(3, 2, generator=generator, dtype=torch.float64) + 0.1
    cover = torch.rand(3, 2, 2, generator=generator) > 0.3
    for mask in (None, cover):
        assert torch.autograd.gradcheck(
            lambda c, w, mask=mask: initial_segmentation_image(c, w, mask),
            (canvases, weights.requires_grad_()),
            eps=1e-2,
            atol=1e-2,
        )


def test_gradients_stay_bounded_where_a_class_is_empty():
    canvases = torch.tensor([[[1.0, 2.0]]], requires_grad=True)
    weights = torch.tensor([[0.5, 0.0]], requires_grad=True)
    cover = torch.tensor([[[True, False]]])
    for mask in (None, cover):
        gradients = torch.autograd.grad(
            initial_segmentation_image(canvases, weights, mask).sum(), (canvases, weights)
        )
        assert all(g.abs().max() <= 3 for g in gradients)


def test_huge_logits_stay_finite():
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        canvases = torch.full((2, 1, 1), torch.finfo(dtype).max / 4, dtype=dtype)
        isi = initial_segmentation_image(canvases, torch.full((2, 1), 0.7))
        assert torch.isfinite(isi).all()
        torch.testing.assert_close(isi[0], canvases[0].float())
