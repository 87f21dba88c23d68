"""How sure the semantic branch is of each class, by hand."""

import math

import pytest
import torch

from mmhps.functional import class_confidence, resampled


def test_mean_probability_where_a_class_wins():
    # Three pixels: (1/2, 1/4, 1/4), (4/6, 1/6, 1/6), (1/8, 6/8, 1/8).
    odds = torch.tensor([[2.0, 4.0, 1.0], [1.0, 1.0, 6.0], [1.0, 1.0, 1.0]])
    sure = class_confidence(resampled(odds.log()[:, None], (2, 6)))
    assert sure.tolist() == pytest.approx([(1 / 2 + 4 / 6) / 2, 6 / 8, 0.0])


def test_padding_does_not_count():
    logits = torch.zeros(2, 2, 3)
    logits[0, 0, :2] = math.log(3)  # the image: one row, two columns
    logits[0, 1] = logits[0, :, 2] = 100.0
    values = class_confidence(resampled(logits, (4, 8), shown=(4, 8), padded=(8, 12)))
    assert values.tolist() == pytest.approx([3 / 4, 0.0])


def test_half_precision():
    values = class_confidence(resampled(torch.zeros(2, 1, 1, dtype=torch.float16), (4, 4)))
    assert values.tolist() == [0.5, 0.0] and values.dtype == torch.float32
