"""Draw a recorded data flow: a row for each step, and a line for what later steps take from it."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from PIL import Image

from mmhps.studies.data_flow import GROUND_TRUTH, IMAGES, MODES, Step

# In inches. What a step returns stands to the right of its box, lines run on the left of it.
WIDTH, ROW, TOP = 8.3, 0.84, 0.72
LEFT, RIGHT, HALF = 1.4, 4.85, 0.3
LANE = 0.26
FILL, EDGE = {True: "#e6effa", False: "#f4f4f2"}, {True: "#7fa3cf", False: "#bdbdb8"}
INK, FAINT, RED = "#1c1c1c", "#666662", "#b3261e"
COLOURS = ("#6b6b6b", "#8f6d1b", "#2f6fbb", "#8a4fa3", "#2e8b57", "#c4651a", "#37868f", "#4d4d4d")
DASHES = (0, (3, 2))
CHARACTERS = 50


@dataclass(frozen=True)
class Line:
    """What later steps take from one origin.

    Attributes:
        origin: Name of a step, or ``ground truth``, which comes with the images.
        start: Row of the origin.
        ends: Rows of the steps that take it, ascending, each with whether only training does.
        colour: Of the line.
    """

    origin: str
    start: int
    ends: list[tuple[int, bool]]
    colour: str

    @property
    def beside(self) -> list[tuple[int, bool]]:
        """The ends that the line reaches on the left: all but that of the next step."""
        truth = self.origin == GROUND_TRUTH
        return [end for end in self.ends if truth or end[0] > self.start + 1]


def draw(steps: Sequence[Step]) -> Figure:
    """Draw steps from top to bottom, in the order of computation.

    Args:
        steps: From :func:`mmhps.studies.data_flow.record`.
    """
    height = TOP + ROW * len(steps)
    figure = Figure(figsize=(WIDTH, height))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    axes.set_axis_off()
    lines = list(find_lines(steps))
    colours = {line.origin: line.colour for line in lines}
    _draw_head(axes)
    _draw_lines(axes, lines)
    for row, step in enumerate(steps):
        _draw_step(axes, step, _middle(row), colours.get(step.name, INK))
    return figure


def save(steps: Sequence[Step], path: Path) -> None:
    """Draw steps into a PNG that also holds them, to tell later whether it is up to date."""
    flow = json.dumps([asdict(step) for step in steps])
    draw(steps).savefig(path, dpi=200, metadata={"Description": flow})


def load(path: Path) -> list[Step]:
    """The steps that a PNG of :func:`save` shows."""
    with Image.open(path) as picture:
        return [Step(**step) for step in json.loads(picture.info["Description"])]


def find_lines(steps: Sequence[Step]) -> Iterator[Line]:
    """The lines by the row of their origin."""
    colours = iter(COLOURS)
    for origin, start in [(GROUND_TRUTH, 0), *((step.name, i) for i, step in enumerate(steps))]:
        ends = [
            (row, origin not in step.reads.get("predict", []))
            for row, step in enumerate(steps)
            if any(origin in read for read in step.reads.values())
        ]
        if ends:
            yield Line(origin, start, ends, RED if origin == GROUND_TRUTH else next(colours))


def _middle(row: int) -> float:
    return TOP + ROW * (row + 0.5) - 0.05


def _draw_head(axes: Axes) -> None:
    width, height, count = IMAGES
    axes.text(LEFT, 0.2, "step", weight="bold", size=9, color=INK, va="center")
    axes.text(RIGHT + 0.15, 0.2, "returns", weight="bold", size=9, color=INK, va="center")
    note = f"{count} images of {width}×{height}; values of one image: those of the first"
    about = {LEFT: "attribute of the detector: method in training | in testing", RIGHT + 0.15: note}
    for x, text in about.items():
        axes.text(x, 0.38, text, size=7, color=FAINT, va="center")
    for x, style, text in ((0.1, "solid", "always"), (0.1, DASHES, "in training only")):
        y = 0.2 if style == "solid" else 0.38
        axes.plot((x, x + 0.35), (y, y), color=FAINT, linestyle=style, lw=1.5)
        axes.text(x + 0.42, y, text, size=7, color=FAINT, va="center")


def _draw_lines(axes: Axes, lines: Sequence[Line]) -> None:
    """To the next step straight down; to others along the left side, the longest outermost."""
    for line in lines:
        if line.ends != line.beside:
            x, (row, training_only) = (LEFT + RIGHT) / 2, line.ends[0]
            edges = _middle(line.start) + HALF, _middle(row) - HALF
            _arrow(axes, (x, edges[0]), (x, edges[1]), line.colour, training_only)
    lanes = [line for line in lines if line.beside]
    lanes.sort(key=lambda line: line.beside[-1][0] - line.start)
    ports = _ports(lanes)
    for number, line in enumerate(lanes):
        x, y = LEFT - LANE * (number + 1), ports[line.origin, line.start]
        for i, (row, training_only) in enumerate(line.beside):
            end = ports[line.origin, row]
            rest_training = all(only for _, only in line.beside[i:])
            corner = [(LEFT, y)] if i == 0 else []
            path = [*corner, (x, y), (x, end)]
            axes.plot(*zip(*path, strict=True), **_stroke(line.colour, rest_training))
            _arrow(axes, (x, end), (LEFT, end), line.colour, training_only)
            y = end
        if line.origin == GROUND_TRUTH:
            y = ports[line.origin, line.start] - 0.08
            axes.text(x, y, GROUND_TRUTH, size=7.5, color=line.colour, va="bottom")


def _ports(lanes: Sequence[Line]) -> dict[tuple[str, int], float]:
    """Where lines touch a box on the left, by origin and row: first the inner ones that arrive."""
    touching: dict[int, list[str]] = {}
    for line in lanes:
        for row, _ in line.beside:
            touching.setdefault(row, []).append(line.origin)
    for line in lanes:
        touching.setdefault(line.start, []).append(line.origin)
    return {
        (origin, row): _middle(row) + 2 * HALF * ((i + 1) / (len(origins) + 1) - 0.5)
        for row, origins in touching.items()
        for i, origin in enumerate(origins)
    }


def _stroke(colour: str, training_only: bool) -> dict:
    return dict(color=colour, linestyle=DASHES if training_only else "solid", lw=1.5, zorder=1)


def _arrow(
    axes: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    colour: str,
    training_only: bool,
) -> None:
    axes.plot(*zip(start, end, strict=True), **_stroke(colour, training_only))
    tip = dict(arrowstyle="-|>,head_width=0.22,head_length=0.42", color=colour, lw=0, shrinkB=0)
    direction = [(a - b) / 100 for a, b in zip(start, end, strict=True)]
    before = end[0] + direction[0], end[1] + direction[1]
    axes.annotate("", end, before, arrowprops=tip)


def _draw_step(axes: Axes, step: Step, y: float, colour: str) -> None:
    ours = step.source.startswith("mmhps/")
    box = FancyBboxPatch(
        (LEFT, y - HALF),
        RIGHT - LEFT,
        2 * HALF,
        boxstyle="round,pad=0,rounding_size=0.07",
        facecolor=FILL[ours],
        edgecolor=EDGE[ours],
        zorder=2,
    )
    axes.add_patch(box)
    calls = [" + ".join(step.methods.get(mode, ["–"])) for mode in MODES]
    calls = calls[:1] if calls[0] == calls[1] else calls
    axes.text(LEFT + 0.1, y - 0.17, step.title, weight="bold", size=9.5, color=INK, va="center")
    for dy, text in ((0.025, f"{step.name}: {' | '.join(calls)}"), (0.185, step.source)):
        axes.text(LEFT + 0.1, y + dy, text, size=7, color=FAINT, va="center")
    shapes = step.shapes.get("loss") or step.shapes.get("predict", [])
    lines = [(text, colour) for text in textwrap.wrap(",  ".join(shapes), CHARACTERS)]
    if step.losses:
        lines.append((", ".join(step.losses), RED))
    for i, (text, ink) in enumerate(lines):
        dy = 0.155 * (i - (len(lines) - 1) / 2)
        axes.text(RIGHT + 0.15, y + dy, text, size=7.5, color=ink, va="center")
