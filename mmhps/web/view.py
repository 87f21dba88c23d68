"""What the page shows of a prediction: pictures, words and tables, without the page itself.

Shapes: H x W photo.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import Any

import numpy as np

from mmhps.results import PanopticResult, legend_entries
from mmhps.results.colors import class_colors
from mmhps.structures import VOID

__all__ = [
    "COLUMNS",
    "VIEWS",
    "confident",
    "described",
    "drawn",
    "largest_first",
    "legend",
    "segment_at",
    "summary",
    "table",
]

VIEWS = ("overlay", "instances", "original")
COLUMNS = ("class", "score", "pixels", "share")
Info = dict[str, Any]  # an entry of PanopticResult.segments


def confident(result: PanopticResult, min_score: float) -> tuple[PanopticResult, list[Info]]:
    """Hide the instances with a lower score; their pixels become void.

    Args:
        result: The prediction.
        min_score: 0..1. Stuff has no score and is always shown.

    Returns:
        What is left, and the segments of ``result`` that are hidden.
    """
    hidden = [info for info in result.segments if info.get("score", 1.0) < min_score]
    covered = np.isin(result.ids, [info["id"] for info in hidden])
    return replace(result, panoptic=np.where(covered, VOID, result.panoptic)), hidden


def drawn(result: PanopticResult, view: str, chosen: int = 0) -> np.ndarray:
    """Draw one of :data:`VIEWS`, (H, W, 3) uint8 RGB.

    Args:
        result: What is shown, with its image.
        view: The overlay of all segments, that of the instances on the grey photo, or the photo.
        chosen: Id of a segment, around which the picture is darkened; 0 for none.

    Raises:
        ValueError: There is no such view.
    """
    if view not in VIEWS:
        raise ValueError(f"view: expected one of {', '.join(VIEWS)}, got {view!r}. Choose one.")
    picture = result.image if view == "original" else result.overlay(legend=False)
    if view == "instances":
        things = [info["id"] for info in result.segments if info["isthing"]]
        grey = result.image.mean(axis=2, keepdims=True).astype(np.uint8)
        picture = np.where(np.isin(result.ids, things)[..., None], picture, grey)
    if chosen:
        picture = np.where((result.ids == chosen)[..., None], picture, picture // 3)
    return picture


def segment_at(result: PanopticResult, x: int, y: int) -> Info | None:
    """The segment at a pixel; None for void and outside of the picture."""
    height, width = result.ids.shape
    if not (0 <= x < width and 0 <= y < height):
        return None
    number = int(result.ids[y, x])
    return result.segments[number - 1] if number else None


def largest_first(result: PanopticResult) -> list[Info]:
    """The segments in the order of the table."""
    return sorted(result.segments, key=lambda info: -info["area"])


def table(result: PanopticResult) -> list[list[str]]:
    """A row of :data:`COLUMNS` for each segment."""
    return [
        [info["category"], _score(info), f"{info['area']:,}", _share(info["area"], result)]
        for info in largest_first(result)
    ]


def described(result: PanopticResult, info: Info | None) -> str:
    """Say in a line of Markdown what a segment is."""
    if info is None:
        return "Nothing there has a class."
    score = f"score {_score(info)}" if "score" in info else "stuff, which has no score"
    area = f"{_count(info['area'], 'pixel')} ({_share(info['area'], result)})"
    return f"**{info['category']}** · {score} · {area}"


def summary(result: PanopticResult, hidden: Sequence[Info], min_score: float) -> str:
    """Say in Markdown what is shown and what is not.

    Args:
        result: What is shown.
        hidden: What is not, see :func:`confident`.
        min_score: The lowest score that is shown.
    """
    things = sum(info["isthing"] for info in result.segments)
    void = int(np.count_nonzero(result.ids == 0))
    text = (
        f"{_count(things, 'instance')} and {len(result.segments) - things} of stuff are shown; "
        f"{_share(void, result)} of the pixels have no class."
    )
    if hidden:
        names = Counter(info["category"] for info in hidden)
        listed = ", ".join(f"{number} × {name}" for name, number in names.most_common())
        verb = "has" if len(hidden) == 1 else "have"
        text += (
            f" **Hidden: {_count(len(hidden), 'instance')}** that {verb} a score below "
            f"{min_score:.2f} ({listed})."
        )
    elif min_score:
        text += f" No instance has a score below {min_score:.2f}, so none is hidden."
    return text


def legend(result: PanopticResult) -> str:
    """The classes that are shown with their colours, as HTML."""
    classes = result.meta["classes"]
    palette = class_colors(result.meta.get("palette"), len(classes))
    entries = legend_entries([result.panoptic], classes, palette)
    return " ".join(
        f'<span style="white-space:nowrap;margin-right:1em"><span style="color:'
        f'rgb{entry.color or (136, 136, 136)}">■</span> {escape(entry.name)}</span>'
        for entry in entries
    )


def _score(info: Info) -> str:
    return f"{info['score']:.2f}" if "score" in info else "–"


def _share(pixels: int, result: PanopticResult) -> str:
    return f"{100 * pixels / result.ids.size:.1f} %"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
