"""Generated sizes and numbers, for the tests of properties."""

import math

import numpy as np
import torch
from hypothesis import strategies as st

sizes = st.tuples(st.integers(1, 12), st.integers(1, 12))
seeds = st.integers(0, 2**32 - 1)
kinds = st.sampled_from(["smooth", "ties", "extreme"])


def numbers(seed, kind, *shape):
    """Random float32 numbers: normal, with many ties, or up to 1e4."""
    values = np.random.default_rng(seed).standard_normal(shape)
    if kind == "ties":
        values = values.round()
    if kind == "extreme":
        values = (1e4 * values).clip(-1e4, 1e4)
    return torch.tensor(values, dtype=torch.float32)


def random_boxes(seed, count=60, kind="any"):
    """Boxes (N, 4) that overlap a lot, with scores (N,).

    Of kind ``'ties'`` they are round numbers; of kind ``'extreme'`` they are of all sizes from
    1e-20 to 1e20, and some numbers are infinite, nan or huge.
    """
    rng = np.random.default_rng(seed)
    first, sides = rng.uniform(0, 40, (count, 2)), rng.uniform(1, 30, (count, 2))
    boxes, scores = np.concatenate([first, first + sides], axis=1), rng.random(count)
    if kind == "ties":
        boxes, scores = (boxes / 8).round() * 8, scores.round(1)
    if kind == "extreme":
        boxes *= 10.0 ** rng.integers(-20, 21, (count, 1))
        odd = rng.random(boxes.shape) < 0.05
        boxes[odd] = rng.choice([math.nan, math.inf, -math.inf, 0, 1e38], odd.sum())
        scores[rng.random(count) < 0.05] = math.nan
    return torch.tensor(boxes, dtype=torch.float32), torch.tensor(scores, dtype=torch.float32)
