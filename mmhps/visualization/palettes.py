"""The palettes that MMDetection knows by name."""

from __future__ import annotations

from collections.abc import Sequence

from mmdet.visualization.palette import get_palette

from mmhps.results.colors import Color, class_colors


def palette_colors(palette: Sequence[Color] | str | None, num_classes: int) -> list[Color]:
    """One colour per class; for the arguments see :func:`mmhps.results.colors.class_colors`.

    Args:
        palette: May also be a name that MMDetection knows, e.g. ``'coco'``, whose palette may hold
            more than ``num_classes``.
        num_classes: C.
    """
    named = get_palette(palette, num_classes) if isinstance(palette, str) else palette
    return class_colors(named, num_classes)
