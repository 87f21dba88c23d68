"""RoIs, canvases, their merging, and the fusion, against one pixel after the other."""

import math

import numpy as np
import pytest
import torch
from generated import kinds, numbers, seeds, sizes
from hypothesis import given
from hypothesis import strategies as st

from mmhps.functional import (
    box_cover,
    fused_argmax,
    merge_groups,
    merge_layers,
    not_hidden,
    panoptic_logits,
    paste_canvases,
    paste_windows,
    resampled,
)
from mmhps.models import DifferentiableFusionHead
from mmhps.models.fusion_heads import FusionHead, base
from mmhps.ops import roi_align

edges = st.one_of(
    st.integers(-6, 34).map(lambda k: k / 2),  # on pixels and on their centres
    st.floats(-20, 40, width=32),
    st.floats(-1e4, 1e4, width=32),
)
# Corners in any order: inverted boxes, boxes without area and beyond the image among them.
box_lists = st.lists(st.tuples(edges, edges, edges, edges), max_size=4)


def bilinear(grid, y, x):
    """(..., h, w) read at a position in pixels, the border continued."""
    y, x = (min(max(p, 0), n - 1) for p, n in zip((y, x), grid.shape[-2:], strict=True))
    top, left = int(y), int(x)
    bottom, right = min(top + 1, grid.shape[-2] - 1), min(left + 1, grid.shape[-1] - 1)
    above = grid[..., top, left] * (1 - x + left) + grid[..., top, right] * (x - left)
    below = grid[..., bottom, left] * (1 - x + left) + grid[..., bottom, right] * (x - left)
    return above * (1 - y + top) + below * (y - top)


def slow_bin(image, box, bins, row, column, ratio):
    """The mean of the samples of one bin of RoIAlign; those outside of the map count as 0."""
    x1, y1, x2, y2 = (edge - 0.5 for edge in box)
    height, width = (y2 - y1) / bins, (x2 - x1) / bins
    down, across = ratio or math.ceil(height), ratio or math.ceil(width)
    total = np.zeros(len(image))
    for i, j in np.ndindex(down, across):
        y = y1 + row * height + (i + 0.5) * height / down
        x = x1 + column * width + (j + 0.5) * width / across
        if -1 <= y <= image.shape[1] and -1 <= x <= image.shape[2]:
            total += bilinear(image, y, x)
    return total / max(down * across, 1)


def test_rois(check):
    # Whether a sample is outside must not depend on rounding: halves, and powers of two of bins.
    corner = st.integers(-8, 40).map(lambda k: k / 2)
    boxes = st.lists(st.tuples(corner, corner, corner, corner, st.integers(0, 1)), max_size=3)

    @given(boxes, sizes, st.sampled_from([1, 2, 4]), st.integers(0, 3), seeds, kinds)
    def holds(boxes, size, bins, ratio, seed, kind):
        images = numbers(seed, kind, 2, 2, *size)
        rois = [(image, min(x, u), min(y, v), max(x, u), max(y, v)) for x, y, u, v, image in boxes]
        pooled = roi_align(images, torch.tensor(rois).view(-1, 5), bins, 1.0, ratio)
        assert pooled.shape == (len(rois), 2, bins, bins)
        tolerance = 1e-5 * (1 + images.abs().max().item())
        for n, (image, *box) in enumerate(rois):
            values = images[image].double().numpy()
            for row, column in np.ndindex(bins, bins):
                expected = slow_bin(values, box, bins, row, column, ratio)
                np.testing.assert_allclose(pooled[n, :, row, column], expected, atol=tolerance)

    check(holds)()


def slow_canvas(mask, box, size, empty):
    x1, y1, x2, y2 = box
    canvas = np.full(size, float(empty))
    for row, column in np.ndindex(size):
        y, x = row + 0.5, column + 0.5
        if y1 <= y < y2 and x1 <= x < x2:
            v, u = (y - y1) / (y2 - y1), (x - x1) / (x2 - x1)
            canvas[row, column] = bilinear(mask, v * len(mask) - 0.5, u * len(mask) - 0.5)
    return canvas


def test_pasted_canvases_and_windows(check):
    @given(box_lists, sizes, st.integers(1, 7), seeds, kinds, st.sampled_from([0.0, -np.inf]))
    def holds(boxes, size, cells, seed, kind, empty):
        masks = numbers(seed, kind, len(boxes), cells, cells)
        corners = torch.tensor(boxes, dtype=torch.float32).view(-1, 4)
        canvases = paste_canvases(masks, corners, size, empty)
        windows = paste_windows(masks, corners, size)
        cover = box_cover(corners, size)
        assert canvases.shape == cover.shape == (len(boxes), *size)
        tolerance = 1e-5 * (1 + masks.abs().max().item()) if boxes else 0
        for n, box in enumerate(corners.double().tolist()):
            expected = slow_canvas(masks[n].double().numpy(), box, size, empty)
            inside = slow_canvas(np.ones((1, 1)), box, size, 0) == 1
            np.testing.assert_allclose(canvases[n], expected, atol=tolerance)
            assert np.array_equal(cover[n], inside)
            window, values = windows[n]
            restored = np.full(size, float(empty))
            restored[window] = values.numpy()
            np.testing.assert_allclose(restored, expected, atol=tolerance)
            assert values.numel() == inside.sum()

    check(holds)()


@st.composite
def layer_scenes(draw):
    """An image size and layers in it, some of them empty, some -inf in places."""
    height, width = size = draw(sizes)
    parts = st.tuples(*(st.tuples(st.integers(0, n), st.integers(0, n)).map(sorted) for n in size))
    spans = st.lists(st.one_of(parts, st.just(((0, height), (0, width)))), max_size=5)
    windows = [(slice(*rows), slice(*columns)) for rows, columns in draw(spans)]
    seed, kind, holes = draw(seeds), draw(kinds), draw(st.booleans())
    layers, dense = [], []
    for n, window in enumerate(windows):
        canvas = numbers((seed, n), kind, *size)
        if holes:
            canvas[numbers((seed, n, 1), "smooth", *size) < 0] = -torch.inf
        layers.append((window, canvas[window]))
        full = np.full(size, -np.inf, np.float32)
        full[window] = canvas[window].numpy()
        dense.append(full)
    return size, layers, dense


@st.composite
def labelled_layers(draw):
    size, layers, dense = draw(layer_scenes())
    labels = draw(st.lists(st.integers(0, 1), min_size=len(layers), max_size=len(layers)))
    return size, layers, dense, labels


def slow_groups(masks, labels, threshold):
    groups, leaders = [], []
    for n, mask in enumerate(masks):
        for group, leader in enumerate(leaders):
            union = (mask | masks[leader]).sum()
            common = (mask & masks[leader]).sum()
            if labels[n] == labels[leader] and union and common / union > threshold:
                groups.append(group)
                break
        else:
            groups.append(len(leaders))
            leaders.append(n)
    return groups, leaders


def test_merged_layers(check):
    thresholds = st.one_of(st.sampled_from([0, 1 / 3, 0.5, 0.9, 1]), st.floats(0, 1))

    @given(labelled_layers(), thresholds, seeds)
    def holds(scene, threshold, seed):
        size, layers, dense, labels = scene
        groups, leaders = slow_groups([canvas > 0 for canvas in dense], labels, threshold)
        found = merge_groups(layers, torch.tensor(labels, dtype=torch.long), threshold)
        assert found.tolist() == groups
        weights = np.random.default_rng(seed).uniform(0.01, 1, len(layers)).astype(np.float32)
        merged, found_leaders = merge_layers(layers, found, torch.from_numpy(weights))
        assert found_leaders.tolist() == leaders
        assert len(merged) == len(leaders)
        for group, (window, values) in enumerate(merged):
            restored = np.full(size, -np.inf)
            restored[window] = values.numpy()
            for pixel in np.ndindex(size):
                members = [
                    (dense[n][pixel], weights[n])
                    for n in range(len(layers))
                    if groups[n] == group and dense[n][pixel] > -np.inf
                ]
                if members:
                    mean = sum(v * float(w) for v, w in members) / sum(float(w) for _, w in members)
                    assert abs(restored[pixel] - mean) <= 1e-6 * max(abs(v) for v, _ in members)
                else:
                    assert restored[pixel] == -np.inf

    check(holds)()


def test_hidden_instances(check):
    @given(layer_scenes(), st.one_of(st.sampled_from([0, 0.25, 0.5, 1]), st.floats(0, 1)))
    def holds(scene, max_overlap):
        size, layers, dense = scene
        taken, keep = set(), []
        for canvas in dense:
            mask = {pixel for pixel in np.ndindex(size) if canvas[pixel] > 0}
            keep.append(bool(mask) and len(mask & taken) <= max_overlap * len(mask))
            taken |= mask if keep[-1] else set()
        assert not_hidden(layers, size, max_overlap).tolist() == keep

    check(holds)()


class Affine(FusionHead):
    """Canvases times ``scale`` plus scores, against bare stuff logits."""

    scale = 1.0

    def forward(self, canvases, semantic_logits):
        instances = self.scale * canvases.logits + canvases.scores[:, None, None]
        return panoptic_logits(semantic_logits, instances)


def test_arg_max_of_stuff_and_layers(check):
    @given(
        layer_scenes(),
        st.integers(1, 3),
        seeds,
        kinds,
        st.sampled_from([0.5, 1, 4]),
        st.sampled_from([1, 20, 1 << 17]),
    )
    def holds(scene, num_stuff, seed, kind, scale, pixels):
        size, layers, dense = scene
        stuff = numbers(seed, kind, num_stuff, *size)
        offsets = numbers((seed, 1), kind, len(layers))
        candidates = [*stuff.numpy()]
        candidates += [
            np.float32(scale) * c + o for c, o in zip(dense, offsets.numpy(), strict=True)
        ]
        # numpy's arg max is the first of equals.
        expected = np.stack(candidates).argmax(0)
        head = Affine(0, num_stuff)
        head.scale = scale
        labels = torch.zeros(len(layers), dtype=torch.long)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(base, "_STRIP", pixels)
            found = head.decide(layers, labels, offsets, resampled(stuff, size))
        assert np.array_equal(found, expected)

    check(holds)()


def slow_scores(values, num_things, dense, scale, offsets, size):
    """Per pixel: semantic logits, stuff log-probabilities, and instances in float64."""
    low = values.double().numpy()
    for row, column in np.ndindex(size):
        y, x = (
            (p + 0.5) * cells / length - 0.5
            for p, cells, length in zip((row, column), low.shape[1:], size, strict=True)
        )
        logits = bilinear(low, y, x)
        log_sum = logits.max() + np.log(np.exp(logits - logits.max()).sum())
        instances = [scale * float(c[row, column]) + o for c, o in zip(dense, offsets, strict=True)]
        yield (row, column), logits, logits[num_things:] - log_sum, np.array(instances)


def test_fusion_chooses_the_best_of_each_pixel(check):
    """Every choice, of the fast and of the dense fusion, is the best but for rounding."""

    @given(
        layer_scenes(),
        st.integers(0, 3),
        st.integers(1, 3),
        sizes,
        seeds,
        kinds,
        st.sampled_from([0.5, 1, 4]),
        st.booleans(),
    )
    def holds(scene, num_things, num_stuff, low, seed, kind, scale, void_things):
        size, layers, dense = scene
        values = numbers(seed, kind, num_things + num_stuff, *low)
        offsets = numbers((seed, 1), "smooth", len(layers))
        logits = resampled(values, size)
        head = DifferentiableFusionHead(
            num_things, num_stuff, mask_scale=scale, void_things=void_things
        )
        head._offsets = lambda scores: scores  # the logarithm of their exponent would round
        labels = torch.zeros(len(layers), dtype=torch.long)
        maps = (
            fused_argmax(logits, num_things, layers, scale, offsets, void_things),
            FusionHead.decide(head, layers, labels, offsets, logits),
        )
        pixels = slow_scores(values, num_things, dense, scale, offsets.tolist(), size)
        slack = 1e-4 + 1e-6 * values.abs().max().item()
        for pixel, logits, stuff, instances in pixels:
            best = max([*stuff, *instances])
            for choice in (int(chosen[pixel]) for chosen in maps):
                if choice == num_stuff + len(layers):
                    assert void_things
                    assert logits[:num_things].max() >= logits.max() - slack
                    assert stuff.max() >= best - slack
                elif choice >= num_stuff:
                    assert instances[choice - num_stuff] >= best - slack
                else:
                    assert stuff[choice] >= best - slack
                    if void_things:
                        assert logits[num_things + choice] >= logits.max() - slack

    check(holds)()
