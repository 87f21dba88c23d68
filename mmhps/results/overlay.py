"""Draw a panoptic map over its image."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from mmhps.structures import VOID

from .colors import Color, segment_colors
from .segments import as_rgb, split_segments

VOID_COLORS: tuple[Color, Color] = ((96, 96, 96), (168, 168, 168))
"""Ground and stripe of the hatching that marks void, RGB."""


def line_width(height: int, width: int) -> int:
    """Return the width of outlines that suits an image: 1 pixel at 1024×512, 2 at 2048×1024."""
    return max(1, round((height * width) ** 0.5 / 724))


def outline_mask(index: np.ndarray, is_instance: np.ndarray, width: int = 1) -> np.ndarray:
    """Find the outlines of the instances.

    An outline lies inside its instance: a pixel belongs to it if one of its four neighbours, up
    to ``width`` pixels away, is in another segment. The border of the image is not an outline.

    Args:
        index: Segment of each pixel, (H, W) integers in 0..K-1.
        is_instance: (K,) bool, which segments get an outline.
        width: Width of the outlines, pixels.

    Returns:
        (H, W) bool.
    """
    at_edge = np.zeros(index.shape, dtype=bool)
    for edges, segments in ((at_edge, index), (at_edge.T, index.T)):
        for distance in range(1, width + 1):
            differs = segments[distance:] != segments[:-distance]
            edges[distance:] |= differs
            edges[:-distance] |= differs
    return at_edge & is_instance[index]


def hatching(height: int, width: int, stripe: int = 3) -> np.ndarray:
    """Return an (H, W, 3) uint8 pattern of diagonal stripes in ``VOID_COLORS``.

    Args:
        height: Rows.
        width: Columns.
        stripe: Width of a stripe along a row, pixels; the ground between two is as wide.
    """
    rows, columns = np.ogrid[:height, :width]
    return np.array(VOID_COLORS, dtype=np.uint8)[(rows + columns) // stripe % 2]


def panoptic_overlay(
    image: np.ndarray,
    ids: np.ndarray,
    palette: Sequence[Color],
    alpha: float = 0.65,
    outline_width: int | None = None,
) -> np.ndarray:
    """Draw a panoptic map over its image.

    Stuff has the colour of its class. Instances have variations of it, so that neighbours can be
    told apart, and a light outline. Void is hatched grey. The photo shines through in grey, so
    that its own colours do not change those of the classes.

    Args:
        image: Grey or RGB image, (H, W), (H, W, 1) or (H, W, 3), 0..255.
        ids: Panoptic map, (H, W) integers: ``label + 1000 * instance``; void is ``VOID``.
        palette: RGB colour per class, 0..255.
        alpha: Opacity of the colours, 0..1. Outlines are always opaque.
        outline_width: Width of the outlines, pixels; 0 leaves them out, None chooses by size.

    Returns:
        (H, W, 3) uint8 RGB drawing.

    Raises:
        ValueError: Image and map do not fit each other or are malformed, or a label is unknown.
    """
    image = as_rgb(image)
    if image.shape[:2] != ids.shape:
        raise ValueError(
            f"ids: expected the size {image.shape[:2]} of the image, got shape {ids.shape}. "
            f"Resize the map with resize_ids."
        )
    segments = split_segments(ids, len(palette))
    colors = segment_colors(segments.labels, segments.instances, list(palette))
    fill = colors[segments.index]
    width = line_width(*ids.shape) if outline_width is None else outline_width
    is_void = (segments.labels == VOID)[segments.index]
    fill[is_void] = hatching(*ids.shape, stripe=3 * max(1, width))[is_void]

    grey = np.asarray(Image.fromarray(image).convert("L"))
    # Black becomes a quarter of white, or the colours of shaded scenes would all be dark.
    shades = (np.arange(256) * 0.75 + 64) * (1 - alpha)
    drawing = (fill * np.float32(alpha) + shades.astype(np.float32)[grey][..., None]).round()
    drawing = drawing.astype(np.uint8)
    if width:
        outline = outline_mask(segments.index, segments.instances > 0, width)
        light = (colors * 0.25 + 255 * 0.75).round().astype(np.uint8)
        drawing[outline] = light[segments.index[outline]]
    return drawing
