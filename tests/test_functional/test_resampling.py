"""Bilinear maps: at every pixel, at some pixels, and cell by cell."""

import pytest
import torch
import torch.nn.functional as F

from mmhps.functional import resampled


def values(channels=3, size=(5, 7)):
    torch.manual_seed(0)
    return torch.randn(channels, *size)


@pytest.mark.parametrize("size", [(5, 7), (20, 28), (13, 9), (3, 2), (1, 1)])
def test_dense_is_interpolate(size):
    low = values()
    expected = F.interpolate(low[None], size, mode="bilinear", align_corners=False)[0]
    torch.testing.assert_close(resampled(low, size).dense(), expected, atol=1e-5, rtol=0)


def test_midpoint_by_hand():
    # Four output pixels over two: their centres lie at -1/4, 1/4, 3/4 and 5/4.
    assert resampled(torch.tensor([[[0.0, 8.0]]]), (1, 4)).dense().tolist() == [[[0, 2, 6, 8]]]


def test_padding_is_left_out():
    low = values()
    whole = F.interpolate(low[None], (40, 56), mode="bilinear", align_corners=False)[0]
    found = resampled(low, (30, 50), shown=(30, 50), padded=(40, 56)).dense()
    torch.testing.assert_close(found, whole[:, :30, :50], atol=1e-5, rtol=0)


def test_at_is_dense():
    low = resampled(values(), (11, 13))
    index = torch.tensor([0, 142, 57, 57, 12])
    expected = low.dense().flatten(1)[:, index].T
    torch.testing.assert_close(low.at(index), expected)
    assert low.at(index[:0]).shape == (0, 3)


def test_values_lie_between_the_corners_of_their_cell():
    low = resampled(values(1), (21, 30))
    padded = F.pad(low.values[None], (0, 1, 0, 1), mode="replicate")
    highest = low.spread(F.max_pool2d(padded, 2, stride=1)[0, 0])
    lowest = low.spread(-F.max_pool2d(-padded, 2, stride=1)[0, 0])
    dense = low.dense()[0]
    assert (dense <= highest + 1e-6).all() and (dense >= lowest - 1e-6).all()


@pytest.mark.parametrize("size", [(21, 30), (3, 2), (5, 7)])
def test_strips_are_parts(size):
    low = resampled(values(), size)
    dense = low.dense()
    for start in range(size[0]):
        for stop in range(start + 1, size[0] + 1):
            strip = low.strip(slice(start, stop))
            torch.testing.assert_close(strip.dense(), dense[:, start:stop])


def test_corners_by_hand():
    # Output pixels 0 and 1 of four lie left of and between the two; 2 columns, one row.
    low = resampled(torch.tensor([[[3.0, 8.0]]]), (1, 4))
    zero = torch.zeros(2, dtype=torch.long)
    found = low.corners(zero, torch.tensor([1, 3]))
    assert found.squeeze(2).tolist() == [[3, 8, 3, 8], [8, 8, 8, 8]]
