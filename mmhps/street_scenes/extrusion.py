"""The extruded side view that every vehicle is made of, and its wheels and lamps."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmhps.street_scenes.camera import Pose
from mmhps.street_scenes.palettes import RUBBER
from mmhps.street_scenes.sketch import Sketch
from mmhps.street_scenes.street import World

LEAN = 0.32  # metres inwards per metre of height, above the waist of a car


@dataclass(frozen=True)
class Body:
    """A side view extruded to the width of a vehicle.

    Attributes:
        outline: (length, height) in metres, from behind over the roof to the front.
        half: Half of the width in metres.
        colours: Colour of each strip between two points of the outline.
        side: Colour of the sides.
        waist: Height in metres above which the sides lean inwards.
    """

    outline: Sequence[tuple[float, float]]
    half: float
    colours: Sequence
    side: Sequence[float]
    waist: float = 9.0

    def half_at(self, height: float) -> float:
        """Half of the width at a height."""
        return self.half - LEAN * max(0.0, height - self.waist)


def extrude(sketch: Sketch, world: World, body: Body) -> tuple[int, int]:
    """Draw the visible faces of a body.

    Args:
        sketch: Where to draw; its frame is the vehicle's pose.
        world: Light and camera.
        body: What to draw.

    Returns:
        The visible flank (-1 left, +1 right, 0 neither) and end (-1 rear, +1 front, 0 neither).
    """
    pose, outline = sketch.frame, body.outline
    along, aside, up = pose.viewer(world.camera.eye)
    strips = []
    for (l0, h0), (l1, h1), colour in zip(outline, outline[1:], body.colours, strict=False):
        normal = np.array([h0 - h1, l1 - l0]) / max(np.hypot(l1 - l0, h1 - h0), 1e-6)
        if normal @ (along - l0, up - h0) > 0:
            distance = abs(along - 0.5 * (l0 + l1))
            strips.append((-distance, l0, h0, l1, h1, normal, colour))
    for _, l0, h0, l1, h1, normal, colour in sorted(strips, key=lambda strip: strip[0]):
        tone = np.asarray(colour) * world.light.shade(pose.turn(normal[0], 0.0, normal[1]))
        w0, w1 = body.half_at(h0), body.half_at(h1)
        sketch.face([(l0, -w0, h0), (l0, w0, h0), (l1, w1, h1), (l1, -w1, h1)], tone)
    flank = int(np.sign(aside)) if abs(aside) > body.half else 0
    if flank:
        tone = np.asarray(body.side) * world.light.shade(pose.turn(0.0, flank))
        sketch.face([(p, flank * body.half_at(h), h) for p, h in outline], tone)
    ends = [point[0] for point in outline]
    return flank, 1 if along > max(ends) else -1 if along < min(ends) else 0


def wheel(sketch: Sketch, along: float, aside: float, radius: float) -> None:
    """Draw a wheel that stands on the ground."""
    angles = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    rim = np.stack([along + np.cos(angles), np.full(14, aside), np.sin(angles)], axis=-1)
    for share, colour in ((1.0, RUBBER), (0.55, (112, 114, 118))):
        disc = rim.copy()
        disc[:, 0] = along + share * radius * np.cos(angles)
        disc[:, 2] = radius + share * radius * np.sin(angles)
        sketch.face(disc, colour, solid=share == 1.0)


def underside(sketch: Sketch, length: float, half: float, height: float) -> None:
    """Draw the dark below a vehicle, and the tyres seen from its ends."""
    dark = (18, 18, 20)
    for along in (-0.36 * length, 0.36 * length):
        sketch.rectangle((-0.8 * half, 0.8 * half, 0.1, height), dark, solid=True, along=along)
        for aside in (-0.84 * half, 0.84 * half):
            tyre = (aside - 0.11, aside + 0.11, 0, height)
            sketch.rectangle(tyre, RUBBER, solid=True, along=along)
    for aside in (-0.8 * half, 0.8 * half):
        sketch.rectangle((-0.36 * length, 0.36 * length, 0.1, height), dark, True, aside=aside)


def lamps(sketch: Sketch, end: int, along: float, half: float, height: float) -> None:
    """Draw the lamps and the number plate on the visible end."""
    colour = (236, 232, 206) if end > 0 else (172, 28, 26)
    for aside in (-0.78, 0.78):
        lamp = (half * (aside - 0.2), half * (aside + 0.2), height, height + 0.17 * half)
        sketch.rectangle(lamp, colour, along=along)
    plate = (-0.28, 0.28, height - 0.3, height - 0.14)
    sketch.rectangle(plate, (228, 228, 222), along=along)


def footprint(pose: Pose, length: float, width: float) -> tuple[float, float, float, float]:
    """Box (x0, x1, z0, z1) around a vehicle's footprint."""
    corners = pose(
        np.array([(a * length / 2, b * width / 2, 0.0) for a in (-1, 1) for b in (-1, 1)])
    )
    return (corners[:, 0].min(), corners[:, 0].max(), corners[:, 2].min(), corners[:, 2].max())
