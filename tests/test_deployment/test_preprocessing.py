import cv2
import mmcv
import numpy as np
import pytest
import torch

from mmhps.deployment.preprocessing import as_opencv, normalized, scaled


def numbers(*values):
    return tuple(torch.tensor(value) for value in values)


@pytest.mark.parametrize("size", [(1, 1), (375, 1242), (128, 256), (8000, 6000), (37, 53)])
def test_scaled_as_mmcv(size):
    width, height = mmcv.rescale_size(size[::-1], (256, 128))
    assert [int(side) for side in scaled(numbers(*size), (256, 128))] == [height, width]


def test_scaled_of_thin_images_is_not_0():
    # 1000 becomes 256, and 1 would become 0.256 + 0.5, rounded down.
    assert [int(side) for side in scaled(numbers(1, 1000), (256, 128))] == [1, 256]


def test_scaled_without_ratio_is_width_and_height():
    size = scaled(numbers(10, 30), (256, 128), keep_ratio=False)
    assert [int(side) for side in size] == [128, 256]


@pytest.mark.parametrize(
    "old, new",
    [((75, 248), (39, 128)), ((64, 96), (64, 96)), ((1, 1), (5, 7)), ((200, 3), (64, 1))],
)
def test_resized_as_opencv(old, new):
    image = np.random.default_rng(0).integers(0, 256, (*old, 3), dtype=np.uint8)
    expected = cv2.resize(image, new[::-1], interpolation=cv2.INTER_LINEAR)
    assert (as_opencv(torch.from_numpy(image), numbers(*new)).numpy() == expected).all()


def test_enlarged_by_an_odd_factor_within_rounding_of_opencv():
    image = np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    expected = cv2.resize(image, (179, 128), interpolation=cv2.INTER_LINEAR)
    difference = as_opencv(torch.from_numpy(image), numbers(128, 179)).numpy() - expected
    assert abs(difference).max() <= 1 and (difference != 0).mean() < 0.01


def test_normalized_and_padded():
    image = torch.tensor([[[10, 20, 30], [12, 24, 36]]], dtype=torch.int32)
    result = normalized(image, (10, 20, 30), (1, 2, 3), divisor=3, pad_value=7)
    assert result.shape == (1, 3, 3, 3)
    assert result[0, :, 0, :2].tolist() == [[0, 2], [0, 2], [0, 2]]
    assert (result[0, :, 1:] == 7).all() and (result[0, :, 0, 2] == 7).all()


def test_nothing_to_pad():
    assert normalized(torch.zeros(4, 6, 3), (0,) * 3, (1,) * 3, divisor=2).shape == (1, 3, 4, 6)
