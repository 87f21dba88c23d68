import numpy as np
import pytest

from mmhps.results.grid import comparison_grid
from mmhps.results.legend import LegendEntry, text_width


def picture(height, width, value):
    return np.full((height, width, 3), value, dtype=np.uint8)


def test_one_picture_alone_stays_as_it_is():
    image = picture(1, 1, 9)
    assert comparison_grid([[image]]).tolist() == image.tolist()


def test_pictures_and_gaps():
    grid = comparison_grid([[picture(2, 3, 1), picture(2, 3, 2)], [picture(1, 3, 3)] * 2], gap=1)
    W = 255
    assert grid[..., 0].tolist() == [
        [1, 1, 1, W, 2, 2, 2],
        [1, 1, 1, W, 2, 2, 2],
        [W, W, W, W, W, W, W],
        [3, 3, 3, W, 3, 3, 3],
    ]


def test_smaller_pictures_are_centred():
    grid = comparison_grid([[picture(3, 3, 1)], [picture(1, 1, 2)]], gap=0)
    assert grid[3, :, 0].tolist() == [255, 2, 255]


def test_no_text_covers_a_picture():
    pictures = [picture(40, 200, 10 * k) for k in range(1, 4)]
    grid = comparison_grid(
        [pictures], ["image", "ground truth", "HPS + ISI"], [LegendEntry("car", (0, 0, 142))]
    )
    # Titles and legend are rows of twice the font size, 12 pixels for narrow columns.
    assert grid.shape == (24 + 40 + 24, 3 * 200 + 2 * 4, 3)
    for column, image in enumerate(pictures):
        left = 204 * column
        assert (grid[24:64, left : left + 200] == image).all()
        assert (grid[:24, left : left + 200] < 128).any()  # the title
    assert ((grid[64:] == (0, 0, 142)).all(-1)).sum() == 10 * 10  # the swatch without its frame


def test_tiny_pictures_get_columns_as_wide_as_their_titles():
    titles = ["a long title", "b"]
    grid = comparison_grid([[picture(1, 1, 7)] * 2], titles, gap=2, font_size=12)
    assert grid.shape == (25, sum(text_width(t, 12) + 6 for t in titles) + 2, 3)
    assert (grid[24, :, 0] == 7).sum() == 2


def test_legend_wider_than_the_pictures_leaves_them_centred():
    entry = LegendEntry("x" * 30, (1, 2, 3))
    grid = comparison_grid([[picture(2, 2, 7)]], legend=[entry], font_size=12)
    width = 12 + 6 + text_width(entry.name, 12) + 12
    assert grid.shape == (2 + 24, width, 3)
    assert (grid[0, :, 0] == 7).nonzero()[0].tolist() == [(width - 2) // 2, (width - 2) // 2 + 1]


def test_grey_pictures():
    assert comparison_grid([[np.full((2, 2), 5)]]).tolist() == picture(2, 2, 5).tolist()


@pytest.mark.parametrize("rows", [[], [[]]])
def test_nothing_to_draw(rows):
    with pytest.raises(ValueError, match="rows: expected at least one row"):
        comparison_grid(rows)


def test_rows_must_have_one_length():
    image = picture(1, 1, 0)
    with pytest.raises(ValueError, match="expected 2 pictures .* got 1 in row 1"):
        comparison_grid([[image, image], [image]])


def test_titles_must_fit_the_columns():
    with pytest.raises(ValueError, match="expected one for each of the 1 columns"):
        comparison_grid([[picture(1, 1, 0)]], ["a", "b"])
