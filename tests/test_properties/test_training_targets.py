"""Resampling, Eq. (1), the initial segmentation image, and the ground-truth order and loss."""

import math

import numpy as np
import torch
from generated import kinds, numbers, seeds, sizes
from hypothesis import given
from hypothesis import strategies as st

from mmhps.functional import (
    ground_truth_order,
    ignore_uncovered,
    initial_segmentation_image,
    match_instances,
    panoptic_logits,
    panoptic_loss,
    panoptic_target,
    resampled,
    segment_weights,
    soft_argmax,
    soft_one_hot,
)

IGNORED = -100


def slow_axis(length, cells, share):
    """For each output pixel the two cells around it and how far it is from the first."""
    for pixel in range(length):
        position = (pixel + 0.5) / length * share * cells - 0.5
        position = min(max(position, 0), cells - 1)
        before = math.floor(position)
        yield before, min(before + 1, cells - 1), position - before


def test_resampled_maps(check):
    @given(st.integers(1, 3), sizes, sizes, sizes, seeds, kinds, st.booleans())
    def holds(channels, low, size, spare, seed, kind, pad):
        values = numbers(seed, kind, channels, *low)
        padding = dict(shown=size, padded=(size[0] + spare[0], size[1] + spare[1])) if pad else {}
        shares = [n / (n + s) if pad else 1 for n, s in zip(size, spare, strict=True)]
        read = resampled(values, size, **padding)
        slow = np.zeros((channels, *size))
        v = values.double().numpy()
        for row, (top, bottom, down) in enumerate(slow_axis(size[0], low[0], shares[0])):
            for column, (left, right, along) in enumerate(slow_axis(size[1], low[1], shares[1])):
                above = v[:, top, left] * (1 - along) + v[:, top, right] * along
                below = v[:, bottom, left] * (1 - along) + v[:, bottom, right] * along
                slow[:, row, column] = above * (1 - down) + below * down
        tolerance = 1e-6 * (1 + np.abs(v).max())
        np.testing.assert_allclose(read.dense(), slow, atol=tolerance)
        at = torch.tensor(np.random.default_rng(seed).integers(0, size[0] * size[1], 7))
        np.testing.assert_allclose(read.at(at), slow.reshape(channels, -1)[:, at].T, atol=tolerance)
        # The cell that a pixel is said to lie in has it between its corners.
        cells = torch.arange(low[0] * low[1]).view(low)
        for (row, column), cell in np.ndenumerate(read.spread(cells).numpy()):
            for at, n, share, length, before in zip(
                (row, column), low, shares, size, divmod(cell, low[1]), strict=True
            ):
                position = min(max((at + 0.5) / length * share * n - 0.5, 0), n - 1)
                assert before - 1e-9 <= position <= before + 1 + 1e-9

    check(holds)()


def test_soft_choice_of_a_class(check):
    @given(st.integers(0, 4), st.integers(1, 5), seeds, kinds, st.floats(0.1, 100), st.booleans())
    def holds(rows, classes, seed, kind, beta, masked):
        logits = numbers(seed, kind, rows, classes)
        if masked:  # log-probabilities of classes that cannot be
            logits[:, 1:][numbers((seed, 1), "smooth", rows, classes - 1) > 0] = -torch.inf
        logits.requires_grad_()
        weights = numbers((seed, 2), "smooth", rows, classes)
        one_hot = soft_one_hot(logits, beta)
        (one_hot * weights).sum().backward()
        for n, row in enumerate(logits.tolist()):
            best = row.index(max(row))
            np.testing.assert_allclose(one_hot[n].tolist(), np.eye(classes)[best], atol=1e-6)
            assert abs(soft_argmax(logits, beta)[n].item() - best) <= 1e-5
            exps = [math.exp(beta * (z - max(row))) for z in row]
            p = [e / sum(exps) for e in exps]
            mean = sum(a * b for a, b in zip(p, weights[n].tolist(), strict=True))
            slope = [beta * a * (b - mean) for a, b in zip(p, weights[n].tolist(), strict=True)]
            np.testing.assert_allclose(logits.grad[n], slope, rtol=1e-3, atol=1e-4 * beta)

    check(holds)()


def test_initial_segmentation_image(check):
    @given(
        st.integers(0, 4),
        st.integers(0, 3),
        sizes,
        seeds,
        kinds,
        st.booleans(),
        st.sampled_from([0, 1]),
    )
    def holds(instances, things, size, seed, kind, covered, min_weight):
        canvases = numbers(seed, kind, instances, *size)
        weights = numbers((seed, 1), "smooth", instances, things).clamp(min=0)
        cover = numbers((seed, 2), "smooth", instances, *size) > 0
        found = initial_segmentation_image(
            canvases, weights, cover if covered else None, float(min_weight)
        )
        assert found.shape == (things, *size)
        for t, row, column in np.ndindex(*found.shape):
            members = [
                (float(canvases[n, row, column]), float(weights[n, t]))
                for n in range(instances)
                if not covered or cover[n, row, column]
            ]
            total = max(sum(w for _, w in members), min_weight)
            mean = sum(v * w for v, w in members) / total if total else 0
            size_of = max((abs(v) for v, _ in members), default=0)
            assert abs(float(found[t, row, column]) - mean) <= 2e-6 * size_of

    check(holds)()


def test_matching_and_order(check):
    @given(st.integers(0, 5), st.integers(0, 4), seeds, st.sampled_from([0, 0.5, 0.7]))
    def holds(detections, truths, seed, threshold):
        rng = np.random.default_rng(seed)
        iou = (rng.integers(0, 11, (detections, truths)) / 10).astype(np.float32)  # with ties
        labels, gt_labels = rng.integers(0, 2, detections), rng.integers(0, 2, truths)
        found = match_instances(*map(torch.from_numpy, (iou, labels, gt_labels)), threshold)
        free, expected = set(range(truths)), []
        for n in range(detections):
            able = [g for g in sorted(free) if labels[n] == gt_labels[g] and iou[n, g] > threshold]
            best = max(able, key=lambda g: iou[n, g], default=-1)
            expected.append(best)
            free.discard(best)
        assert found.tolist() == expected

        # Detections that were merged may share a ground truth.
        gt_inds = rng.integers(-1, truths, detections)
        slots, lookup = ground_truth_order(torch.from_numpy(gt_inds), truths)
        present = sorted(set(gt_inds.tolist()) - {-1})
        strangers = iter(range(len(present), len(present) + detections))
        assert lookup.tolist() == [present.index(g) if g in present else -1 for g in range(truths)]
        assert slots.tolist() == [
            next(strangers) if g == -1 else present.index(g) for g in gt_inds.tolist()
        ]

    check(holds)()


def slow_target(value, lookup, things, stuff):
    if things <= value < things + stuff:
        return value - things
    for g, slot in enumerate(lookup):
        if slot >= 0 and value in [label + 1000 * (g + 1) for label in range(things)]:
            return stuff + slot
    return IGNORED


def test_target_and_loss(check):
    @given(sizes, st.integers(0, 4), st.integers(1, 3), st.integers(1, 3), seeds, st.data())
    def holds(size, truths, things, stuff, seed, data):
        rng = np.random.default_rng(seed)
        lookup = rng.integers(-1, truths, truths)
        values = [255, -1, -255, -1001, 10**6, *range(things + stuff)]
        values += [label + 1000 * (g + 1) for g in range(truths + 1) for label in range(things)]
        values = data.draw(st.lists(st.sampled_from(values), min_size=1, max_size=6), "values")
        ids = rng.choice(values, size)
        target = panoptic_target(torch.from_numpy(ids), torch.from_numpy(lookup), things, stuff)
        expected = [[slow_target(v, lookup, things, stuff) for v in row] for row in ids.tolist()]
        assert target.tolist() == expected

        cover = torch.from_numpy(rng.random((max(truths, 1), *size)) < 0.5)
        kept = ignore_uncovered(target, cover, stuff)
        for row, column in np.ndindex(size):
            t = expected[row][column]
            uncovered = t >= stuff and not cover[t - stuff, row, column]
            assert kept[row, column] == (IGNORED if uncovered else t)

        kind, power = data.draw(kinds, "kind"), data.draw(st.sampled_from([0, 0.5, 1]), "power")
        canvases = numbers((seed, 1), kind, len(cover), *size)
        logits = panoptic_logits(
            numbers((seed, 2), kind, stuff, *size), canvases.where(cover, -torch.inf)
        ).requires_grad_()
        loss = panoptic_loss(logits, kept, power)
        loss.backward()
        pixels = [p for p in np.ndindex(size) if kept[p] != IGNORED]
        areas = {t: sum(kept[p].item() == t for p in pixels) for t in {*kept.unique().tolist()}}
        weights = {p: areas[kept[p].item()] ** -power for p in pixels}
        mean, slope, dense = 0.0, np.zeros(logits.shape), logits.detach().double().numpy()
        for p, weight in weights.items():
            share = weight / sum(weights.values())
            z = dense[:, p[0], p[1]]
            odds = np.exp(z - z.max())
            mean -= share * (z[kept[p]] - z.max() - math.log(odds.sum()))
            slope[:, p[0], p[1]] = share * (odds / odds.sum() - np.eye(len(z))[kept[p]])
            assert abs(segment_weights(kept, power)[p].item() - share) <= 1e-6
        assert abs(loss.item() - mean) <= 1e-5 * (1 + abs(mean))
        np.testing.assert_allclose(logits.grad, slope, atol=1e-6)

    check(holds)()
