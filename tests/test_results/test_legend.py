import numpy as np
import pytest

from mmhps.results.legend import LegendEntry, legend_entries, legend_strip, text_width
from mmhps.results.overlay import VOID_COLORS

CLASSES = ("person", "car", "road", "sky")
PALETTE = [(220, 20, 60), (0, 0, 142), (128, 64, 128), (70, 130, 180)]
VOID_ENTRY = LegendEntry("void", None)


def pixels(strip):
    return {tuple(pixel) for pixel in strip.reshape(-1, 3).tolist()}


def test_no_maps_and_an_empty_legend():
    assert legend_entries([], CLASSES, PALETTE) == []
    assert legend_strip([], 40).shape == (0, 40, 3)


def test_all_void():
    assert legend_entries([np.full((2, 2), 255)], CLASSES, PALETTE) == [VOID_ENTRY]


def test_exactly_the_classes_present_in_their_order():
    truth = np.array([[3, 2001], [1001, 255]])
    predicted = np.array([[3, 1000]])
    assert legend_entries([truth, predicted], CLASSES, PALETTE) == [
        LegendEntry("person", PALETTE[0]),
        LegendEntry("car", PALETTE[1]),
        LegendEntry("sky", PALETTE[3]),
        VOID_ENTRY,
    ]


def test_unknown_label():
    with pytest.raises(ValueError, match=r"got the values \[4\]"):
        legend_entries([np.array([[4]])], CLASSES, PALETTE)


def test_strip_shows_the_swatches_and_no_other_class():
    strip = legend_strip([LegendEntry("car", PALETTE[1]), VOID_ENTRY], 300, font_size=14)
    assert strip.shape == (28, 300, 3)
    found = pixels(strip)
    assert {PALETTE[1], *VOID_COLORS} <= found
    assert not {PALETTE[0], PALETTE[2], PALETTE[3]} & found
    # The swatch is 14 pixels in the middle of 28, with a frame of one pixel.
    assert (strip == PALETTE[1]).all(-1).sum() == 12 * 12
    assert (strip == PALETTE[1]).all(-1).any(1).nonzero()[0].tolist() == list(range(8, 20))


def test_entries_are_broken_into_rows_and_centred():
    entries = [LegendEntry("car", PALETTE[1])] * 2
    entry = 14 + 7 + text_width("car", 14)  # swatch, gap, name
    both = 2 * entry + 14
    assert legend_strip(entries, both + 14).shape == (28, both + 14, 3)
    strip = legend_strip(entries, both + 13)
    assert strip.shape == (56, both + 13, 3)
    swatches = (strip == PALETTE[1]).all(-1)
    left = (both + 13 - entry) // 2
    assert swatches.any(0).nonzero()[0].tolist() == list(range(left + 1, left + 13))
    assert swatches[:28].sum() == swatches[28:].sum() == 144


def test_strip_grows_with_a_long_name():
    entry = LegendEntry("a name that does not fit", PALETTE[0])
    strip = legend_strip([entry], 1, font_size=12)
    assert strip.shape == (24, 12 + 6 + text_width(entry.name, 12) + 12, 3)
    assert (strip[:, 0] == 255).all() and (strip[:, -1] == 255).all()


def test_text_is_anti_aliased():
    strip = legend_strip([VOID_ENTRY], 100)
    grey = strip[:, 60:, 0]
    assert 40 < grey.min() + 9 and len(np.unique(grey)) > 10
