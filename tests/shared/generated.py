"""Generated sizes and numbers, for the tests of properties."""

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
