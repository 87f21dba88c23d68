"""The fast path against the dense softmax that defines it."""

import pytest
import torch

from mmhps.functional import fast_fusion, fused_argmax, panoptic_argmax, paste_windows, resampled

T, S = 3, 4


def scene(boxes, size=(48, 72), low=(12, 18), sharpness=3.0, seed=0):
    """Smooth semantic logits and masks of random logits."""
    generator = torch.Generator().manual_seed(seed)
    blobs = torch.randn(T + S, 3, 4, generator=generator)
    noise = torch.randn(T + S, *low, generator=generator)
    logits = resampled(sharpness * resampled(blobs, low).dense() + 0.3 * noise, size)
    masks = 3 * torch.randn(len(boxes), 7, 7, generator=generator)
    layers = paste_windows(masks, torch.tensor(boxes, dtype=torch.float32).view(-1, 4), size)
    offsets = -torch.rand(len(boxes), generator=generator)
    return logits, layers, offsets


def reference(logits, layers, scale, offsets, void_things):
    """The dense definition, and how clearly each pixel's best value wins."""
    dense = logits.dense()
    stuff = dense[T:] - dense.logsumexp(0)
    full = torch.full((S + len(layers), *logits.size), -torch.inf)
    full[:S] = stuff
    for n, (window, canvas) in enumerate(layers):
        full[S + n][window] = scale * canvas + offsets[n]
    margin = full.topk(2, dim=0).values.diff(dim=0)[0].abs()
    winner = panoptic_argmax(full, S, dense.argmax(0) < T if void_things else None)
    if void_things:
        margin = torch.minimum(margin, dense.topk(2, dim=0).values.diff(dim=0)[0].abs())
    return winner, margin


BOXES = {
    "none": [],
    "one": [[10, 5, 50, 40]],
    "overlapping": [[10, 5, 50, 40], [12, 6, 52, 41], [30, 0, 72, 48], [0, 0, 72, 48]],
    "tiny": [[10.2, 5.2, 10.4, 5.4], [20, 20, 21, 21], [3, 3, 3, 3]],
    "out of the image": [[-30, -30, 20, 20], [60, 40, 200, 100], [100, 100, 120, 120]],
}


@pytest.mark.parametrize("void_things", [True, False])
@pytest.mark.parametrize("boxes", BOXES.values(), ids=BOXES)
@pytest.mark.parametrize("scale", [1.0, 4.0])
def test_equals_the_dense_softmax(boxes, scale, void_things):
    for seed in range(5):
        logits, layers, offsets = scene(boxes, seed=seed)
        expected, margin = reference(logits, layers, scale, offsets, void_things)
        found = fused_argmax(logits, T, layers, scale, offsets, void_things)
        clear = margin > 1e-4
        assert clear.float().mean() > 0.99
        assert torch.equal(found[clear].long(), expected[clear])


@pytest.mark.parametrize(
    ("size", "low"), [((7, 5), (12, 18)), ((1, 1), (1, 1)), ((33, 47), (12, 18)), ((4, 9), (1, 2))]
)
def test_any_sizes(size, low):
    logits, layers, offsets = scene([[1, 1, 4, 3]], size, low)
    expected, margin = reference(logits, layers, 4.0, offsets, True)
    found = fused_argmax(logits, T, layers, 4.0, offsets)
    assert torch.equal(found[margin > 1e-4].long(), expected[margin > 1e-4])


@pytest.mark.parametrize("pixels", [1, 72, 500])
@pytest.mark.parametrize("boxes", BOXES.values(), ids=BOXES)
def test_strips(boxes, pixels, monkeypatch):
    logits, layers, offsets = scene(boxes)
    whole = fused_argmax(logits, T, layers, 4.0, offsets)
    monkeypatch.setattr(fast_fusion, "_STRIP", (pixels, pixels))
    assert torch.equal(fused_argmax(logits, T, layers, 4.0, offsets), whole)


def test_a_class_that_leads_at_no_corner():
    """Class 1 comes second at all four corners, and first between them."""
    values = torch.tensor([[[9.0, 0.0]], [[8.0, 8.0]], [[0.0, 9.0]], [[7.0, 7.0]]])
    found = fused_argmax(resampled(values, (1, 20)), 0, [], 1.0, torch.zeros(0))
    # Pixels 5..14 lie at 0.05, 0.15, … between the two; 9 (1 - t) > 8 up to t = 1/9.
    assert found.tolist() == [[0] * 6 + [1] * 8 + [2] * 6]


def test_all_classes_cross_in_one_cell():
    generator = torch.Generator().manual_seed(0)
    logits = resampled(torch.randn(40, 2, 2, generator=generator), (64, 64))
    found = fused_argmax(logits, 0, [], 1.0, torch.zeros(0))
    assert len(found.unique()) > 4
    assert torch.equal(found.long(), logits.dense().argmax(0))


def test_by_hand():
    """Two columns of four pixels; a thing on the left, stuff 1 on the right."""
    values = torch.zeros(T + S, 1, 2)
    values[0, 0, 0], values[T + 1, 0, 1] = 20.0, 20.0
    logits = resampled(values, (1, 8))
    nothing = fused_argmax(logits, T, [], 1.0, torch.zeros(0))
    # The two cross half-way; S is void.
    assert nothing.tolist() == [[S] * 4 + [1] * 4]
    canvas = torch.tensor([[-30.0, -1.0, -1.0, 5.0, 5.0]])
    layer = ((slice(0, 1), slice(1, 6)), canvas)
    found = fused_argmax(logits, T, [layer], 1.0, torch.zeros(1))
    # In pixel 1 the best stuff has log p = -20, above -30. Where -1 stands it has at most -5.
    assert found.tolist() == [[S + 1, S + 1, S, S, S, S, 1, 1]]
