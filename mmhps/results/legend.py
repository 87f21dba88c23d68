"""Legend of the classes in a picture, and the text that pictures need."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mmhps.structures import VOID

from .colors import Color
from .overlay import hatching
from .segments import split_segments

PAPER = 255
"""Grey value of the background of legends, titles and gaps."""
_INK = (32, 32, 32)


class LegendEntry(NamedTuple):
    """One class of a legend.

    Attributes:
        name: Name of the class.
        color: RGB colour of its swatch; None for void, which is hatched.
    """

    name: str
    color: Color | None


def legend_entries(
    id_maps: Sequence[np.ndarray],
    classes: Sequence[str],
    palette: Sequence[Color],
) -> list[LegendEntry]:
    """List the classes that occur in any of the maps, in the order of ``classes``, void last.

    Args:
        id_maps: Panoptic maps, each (H, W) integers, of any sizes.
        classes: Name per class.
        palette: RGB colour per class.

    Raises:
        ValueError: A map is malformed or holds an unknown label.
    """
    present: set[int] = set()
    for ids in id_maps:
        present.update(split_segments(ids, len(classes)).labels.tolist())
    entries = [
        LegendEntry(classes[label], tuple(palette[label])) for label in sorted(present - {VOID})
    ]
    return entries + [LegendEntry("void", None)] * (VOID in present)


def text_width(text: str, font_size: int) -> int:
    """Return the width of a line of text, pixels."""
    return int(np.ceil(ImageFont.load_default(font_size).getlength(text)))


def draw_text(canvas: np.ndarray, text: str, x: int, y: int, font_size: int, anchor: str) -> None:
    """Write a line of anti-aliased text into ``canvas`` (H, W, 3) uint8, in place.

    Args:
        canvas: RGB image to write into.
        text: The line.
        x: Column of the anchor, pixels.
        y: Row of the anchor, pixels.
        font_size: Size of the font, pixels.
        anchor: Pillow's text anchor, e.g. 'lm' for left-middle, 'mm' for the centre.
    """
    picture = Image.fromarray(canvas)
    font = ImageFont.load_default(font_size)
    ImageDraw.Draw(picture).text((x, y), text, fill=_INK, font=font, anchor=anchor)
    canvas[:] = np.asarray(picture)


def legend_strip(entries: Sequence[LegendEntry], width: int, font_size: int = 14) -> np.ndarray:
    """Draw a legend: a swatch and a name per entry, in as many rows as they need.

    Args:
        entries: What to list. An empty legend gives a strip without rows.
        width: Wanted width, pixels. The strip is wider if the longest entry needs it.
        font_size: Size of the names, pixels.

    Returns:
        (rows, at least ``width``, 3) uint8 RGB.
    """
    gap, swatch, row_height = font_size // 2, font_size, 2 * font_size
    widths = [swatch + gap + text_width(entry.name, font_size) for entry in entries]
    width = max([width] + [entry_width + 2 * gap for entry_width in widths])
    rows = _flow(widths, width - 2 * gap, 2 * gap)
    strip = np.full((len(rows) * row_height, width, 3), PAPER, dtype=np.uint8)
    position = 0
    for row, count in enumerate(rows):
        used = sum(widths[position : position + count]) + 2 * gap * (count - 1)
        x, middle = (width - used) // 2, row * row_height + row_height // 2
        for entry in entries[position : position + count]:
            top = middle - swatch // 2
            _fill_swatch(strip[top : top + swatch, x : x + swatch], entry.color)
            draw_text(strip, entry.name, x + swatch + gap, middle, font_size, "lm")
            x += widths[position] + 2 * gap
            position += 1
    return strip


def _flow(widths: Sequence[int], available: int, gap: int) -> list[int]:
    """Break entries into rows; return how many entries each row takes."""
    rows: list[int] = []
    used = 0
    for width in widths:
        if rows and used + gap + width <= available:
            rows[-1] += 1
            used += gap + width
        else:
            rows.append(1)
            used = width
    return rows


def _fill_swatch(swatch: np.ndarray, color: Color | None) -> None:
    """Colour a swatch in place, with a thin frame that keeps light colours off the paper."""
    height, width = swatch.shape[:2]
    swatch[:] = hatching(height, width) if color is None else color
    swatch[[0, -1]] = 128
    swatch[:, [0, -1]] = 128
