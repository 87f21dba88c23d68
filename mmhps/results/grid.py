"""Put pictures side by side, under titles, above one legend."""

from collections.abc import Sequence

import numpy as np

from .legend import PAPER, LegendEntry, draw_text, legend_strip, text_width
from .overlay import as_rgb


def comparison_grid(
    rows: Sequence[Sequence[np.ndarray]],
    titles: Sequence[str] = (),
    legend: Sequence[LegendEntry] = (),
    gap: int = 4,
    font_size: int | None = None,
) -> np.ndarray:
    """Draw a grid of pictures (Figure 4 of the paper: image, ground truth, one column per model).

    No text ever covers a picture: titles stand above, the legend below, and both make the grid
    wider where they need more room than the pictures.

    Args:
        rows: Pictures row by row, each grey or RGB (H, W[, 3]); sizes may differ, smaller ones
            are centred in their place.
        titles: One per column, or none at all.
        legend: Entries of the shared legend; none for no legend.
        gap: Free pixels between the pictures.
        font_size: Size of titles and legend, pixels; None chooses by the width of the columns.

    Returns:
        (height, width, 3) uint8 RGB.

    Raises:
        ValueError: There are no pictures, or rows and titles differ in length.
    """
    columns = _check_lengths(rows, titles)
    pictures = [[as_rgb(picture) for picture in row] for row in rows]
    widths = [max(row[c].shape[1] for row in pictures) for c in range(columns)]
    heights = [max(picture.shape[0] for picture in row) for row in pictures]
    if font_size is None:
        font_size = int(np.clip(max(widths) / 24, 12, 40))
    if titles:
        needed = (text_width(title, font_size) + font_size // 2 for title in titles)
        widths = [max(pair) for pair in zip(widths, needed, strict=True)]

    grid_width = sum(widths) + gap * (columns - 1)
    strip = legend_strip(legend, grid_width, font_size)
    title_height = 2 * font_size if titles else 0
    below = sum(heights) + gap * (len(heights) - 1) + title_height
    canvas = np.full((below + len(strip), strip.shape[1], 3), PAPER, dtype=np.uint8)
    canvas[below:] = strip

    left = (strip.shape[1] - grid_width) // 2
    for column, width in enumerate(widths):
        if titles:
            middle = left + width // 2
            draw_text(canvas, titles[column], middle, title_height // 2, font_size, "mm")
        top = title_height
        for row, height in zip(pictures, heights, strict=True):
            _place(canvas[top : top + height, left : left + width], row[column])
            top += height + gap
        left += width + gap
    return canvas


def _check_lengths(rows: Sequence[Sequence[np.ndarray]], titles: Sequence[str]) -> int:
    """Return the number of columns, or say which row or title list does not fit."""
    if not rows or not rows[0]:
        raise ValueError(f"rows: expected at least one row of at least one picture, got {rows!r}.")
    columns = len(rows[0])
    for number, row in enumerate(rows):
        if len(row) != columns:
            raise ValueError(
                f"rows: expected {columns} pictures in every row as in row 0, got {len(row)} in "
                f"row {number}. Fill the row up."
            )
    if titles and len(titles) != columns:
        raise ValueError(
            f"titles: expected one for each of the {columns} columns, or none, got {list(titles)}."
        )
    return columns


def _place(cell: np.ndarray, picture: np.ndarray) -> None:
    """Copy a picture into the centre of a cell that is at least as large."""
    height, width = picture.shape[:2]
    top, left = (cell.shape[0] - height) // 2, (cell.shape[1] - width) // 2
    cell[top : top + height, left : left + width] = picture
