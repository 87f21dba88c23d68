"""What a scene is made of: layers with a label, each a stack of coloured polygons."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from mmhps.street_scenes.camera import NEAR, Camera

Colour = Sequence[float]  # red, green, blue in 0..255
Frame = Callable[[np.ndarray], np.ndarray]

# Painter's order; within STREET the order follows from where the things stand.
SKY, GROUND, BUILDINGS, YARD, FRONTS, STREET, LENS = range(7)

_ANGLES = np.linspace(0, 2 * np.pi, 12, endpoint=False)
_CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=-1)


@dataclass
class Part:
    """One polygon (or, with a stroke, one line) in pixels.

    Attributes:
        points: (n, 2) pixels.
        colour: Colour, or None for a part that only belongs to the silhouette.
        solid: Whether the part belongs to the silhouette, which becomes the label.
        stroke: Line width in pixels; 0 fills the polygon.
        alpha: Opacity in 0..1.
    """

    points: np.ndarray
    colour: Colour | None
    solid: bool = True
    stroke: float = 0.0
    alpha: float = 1.0


@dataclass(frozen=True)
class Texture:
    """Random light and dark on a layer.

    Attributes:
        amount: Strength; 0.1 is ±10 % of the brightness.
        size: Size of a blot in metres.
        kind: 'plain', 'leaf' (two scales and a change of hue), 'ground' (lies flat) or 'paving'
            (flat with joints).
    """

    amount: float
    size: float
    kind: str = "plain"


@dataclass
class Layer:
    """An object of the scene.

    Attributes:
        label: Cityscapes label name, with `group` behind it for a crowd.
        parts: Polygons, in painting order.
        box: Footprint (x0, x1, z0, z1) in metres.
        rank: Coarse painter's order, `SKY` to `LENS`.
        texture: Texture of the whole layer.
        height: Height in metres, for its shadow; 0 casts none.
    """

    label: str
    parts: list[Part]
    box: tuple[float, float, float, float]
    rank: int = STREET
    texture: Texture | None = None
    height: float = 0.0

    @property
    def depth(self) -> float:
        """Mean distance in metres."""
        return 0.5 * (self.box[2] + self.box[3])


@dataclass
class Sketch:
    """Collects the parts of one object; points are given in `frame`'s local coordinates."""

    camera: Camera
    frame: Frame
    parts: list[Part] = field(default_factory=list)

    def face(
        self, points: Sequence, colour: Colour | None, solid: bool = True, alpha: float = 1.0
    ) -> None:
        """Add a flat polygon (n points)."""
        pixels = self.camera.project(self.frame(np.asarray(points, dtype=float)))
        self.parts.append(Part(pixels, colour, solid=solid, alpha=alpha))

    def rectangle(
        self,
        span: tuple[float, float, float, float],
        colour: Colour | None,
        solid: bool = False,
        along: float | None = None,
        aside: float | None = None,
    ) -> None:
        """Add an upright rectangle.

        Args:
            span: (start, end, foot, top): two distances across and two heights, in metres.
            colour: Its colour.
            solid: Whether it belongs to the silhouette.
            along: In the frame of a pose, where on its length; ``span`` then runs across its width.
            aside: The same for the width; ``span`` then runs along its length.
        """
        s0, s1, h0, h1 = span
        corners = [(s0, h0), (s1, h0), (s1, h1), (s0, h1)]
        if along is not None:
            corners = [(along, s, h) for s, h in corners]
        elif aside is not None:
            corners = [(s, aside, h) for s, h in corners]
        self.face(corners, colour, solid=solid)

    def tapered(self, foot: float, top: float, height: float, colour: Colour) -> None:
        """Add what stands across a pose; ``foot`` and ``top`` are half of its widths there."""
        self.face([(0, -foot, 0), (0, foot, 0), (0, top, height), (0, -top, height)], colour)

    def blob(
        self, centres: Sequence, radii: Sequence[float], colour: Colour | None, solid: bool = True
    ) -> None:
        """Add the convex hull of balls: a limb, a head, a bag."""
        world = self.frame(np.asarray(centres, dtype=float))
        scale = self.camera.focal / np.maximum(world[:, 2], NEAR)
        rings = (
            self.camera.project(world)[:, None]
            + (np.asarray(radii) * scale)[:, None, None] * _CIRCLE[None]
        )
        hull = cv2.convexHull(rings.reshape(-1, 1, 2).astype(np.float32))
        self.parts.append(Part(hull[:, 0].astype(float), colour, solid=solid))

    def line(self, points: Sequence, width: float, colour: Colour, solid: bool = True) -> None:
        """Add a polyline of `width` metres."""
        world = self.frame(np.asarray(points, dtype=float))
        scale = self.camera.focal / max(float(world[:, 2].mean()), NEAR)
        pixels = self.camera.project(world)
        self.parts.append(Part(pixels, colour, solid=solid, stroke=width * scale))
