"""Colours of instances: variations around the colour of their class."""

import colorsys
from collections.abc import Sequence

import numpy as np

from mmhps.structures import VOID

# Steps of the three-dimensional golden-ratio (R3) sequence: any run of consecutive instances is
# spread evenly over the variations, and no two instances get the same one.
_STEPS = np.array([0.8191725134, 0.6710436067, 0.5497004779])
_HUE_SPREAD = 0.07  # turns, in all; wider would mix up neighbouring classes (person and rider)
_SATURATION_LOSS = 0.35
_VALUE_SPREAD = 0.3

Color = tuple[int, int, int]


def class_colors(palette: Sequence[Color] | None, num_classes: int) -> list[Color]:
    """One colour per class.

    Args:
        palette: The ``palette`` of a data set's meta information, RGB; None or an empty one for
            random colours, the same ones each time.
        num_classes: C.

    Returns:
        RGB colours, 0..255, of the classes 0, 1, …

    Raises:
        ValueError: There are fewer colours than classes, or a name.
    """
    if isinstance(palette, str):
        raise ValueError(
            f"palette: expected RGB colours, got {palette!r}. Name the colours; only MMDetection "
            f"knows names."
        )
    if palette is None or not len(palette):
        palette = np.random.default_rng(0).integers(0, 256, (num_classes, 3)).tolist()
    if len(palette) < num_classes:
        raise ValueError(
            f"palette: expected {num_classes} colours, one for each class, got {len(palette)}. "
            f"Add some, or leave the palette out."
        )
    return [tuple(map(int, color)) for color in palette]


def instance_color(base: Color, index: int) -> Color:
    """Vary the colour of a class for its ``index``-th instance.

    Args:
        base: RGB colour of the class, 0..255.
        index: Position of the instance among those of its class. 0 keeps ``base`` as it is.

    Returns:
        RGB colour, 0..255.
    """
    if index == 0:
        return tuple(int(channel) for channel in base)  # type: ignore[return-value]
    hue, saturation, value = colorsys.rgb_to_hsv(*(channel / 255 for channel in base))
    shift = (index * _STEPS) % 1
    # The window of brightness is moved, not cut, where the class is very dark or very bright.
    lowest = np.clip(value - _VALUE_SPREAD / 2, 0.25, 1 - _VALUE_SPREAD)
    varied = colorsys.hsv_to_rgb(
        (hue + (shift[0] - 0.5) * _HUE_SPREAD) % 1,
        saturation * (1 - _SATURATION_LOSS * shift[1]),
        float(lowest + _VALUE_SPREAD * shift[2]),
    )
    return tuple(round(channel * 255) for channel in varied)  # type: ignore[return-value]


def segment_colors(labels: np.ndarray, instances: np.ndarray, palette: list[Color]) -> np.ndarray:
    """Colour every segment: stuff as its class, instances around it.

    Args:
        labels: (K,) class of each segment, ``VOID`` for void (coloured black: it gets a pattern).
        instances: (K,) instance number of each segment, 0 for none.
        palette: RGB colour per class.

    Returns:
        (K, 3) uint8 RGB colours. The first instance of a class has exactly the class's colour.
    """
    colors = np.zeros((len(labels), 3), dtype=np.uint8)
    seen: dict[int, int] = {}
    for position, label in enumerate(labels.tolist()):
        if label == VOID:
            continue
        index = 0
        if instances[position]:
            index = seen.get(label, 0)
            seen[label] = index + 1
        colors[position] = instance_color(palette[label], index)
    return colors
