"""Buses and lorries: one box shape and one set of colours, told apart by details."""

import numpy as np

from mmhps.street_scenes.camera import Pose
from mmhps.street_scenes.extrusion import Body, extrude, footprint, lamps, underside, wheel
from mmhps.street_scenes.palettes import GLASS, pick, vary
from mmhps.street_scenes.sketch import Layer, Sketch, Texture
from mmhps.street_scenes.street import World

Span = tuple[float, float, float, float]  # length0, length1, height0, height1 on a flank

# Side views in shares of length and height, from behind over the roof to the front.
# fmt: off
COACH = ((-.5, .09), (-.5, .45), (-.5, .9), (-.485, 1), (.485, 1), (.5, .9), (.5, .4), (.5, .09))
CAB = ((-.5, .12), (-.5, 1), (.3, 1), (.44, .92), (.5, .5), (.5, .12))
# fmt: on


def scaled(outline: tuple, length: float, height: float, shift: float = 0.0) -> list:
    """A side view in metres, moved forward by `shift`."""
    return [(p * length + shift, h * height) for p, h in outline]


def windows(sketch: Sketch, world: World, aside: float, span: Span, pitch: float) -> None:
    """Draw a row of windows on a flank, about one every `pitch` metres."""
    l0, l1, h0, h1 = span
    pane = np.array(GLASS) * world.rng.uniform(0.8, 1.5)
    count = max(1, round((l1 - l0) / pitch))
    step = (l1 - l0) / count
    for i in range(count):
        start = l0 + i * step
        sketch.rectangle((start + 0.05 * step, start + 0.95 * step, h0, h1), pane, aside=aside)


def bus(world: World, pose: Pose) -> Layer:
    """A city bus: rows of windows, doors, wheels under its floor."""
    rng = world.rng
    length, height, half = rng.uniform(9, 12), rng.uniform(2.9, 3.2), 1.25
    paint = world.city.livery(rng, "bus")
    colours = [paint, GLASS if world.chance(0.6) else paint, paint, paint, paint, GLASS, paint]
    sketch = Sketch(world.camera, pose)
    underside(sketch, length, half, 0.35)
    flank, end = extrude(sketch, world, Body(scaled(COACH, length, height), half, colours, paint))
    if flank:
        _bus_flank(sketch, world, flank * half, (length, height))
    if end:
        front = end * length / 2
        lamps(sketch, end, front, half, 0.75)
        sketch.rectangle((-0.8, 0.8, 0.9 * height, 0.98 * height), (40, 36, 30), along=front)
        sketch.rectangle((-0.55, 0.4, 0.92 * height, 0.96 * height), (236, 168, 60), along=front)
    box = footprint(pose, length, 2 * half)
    return Layer("bus", sketch.parts, box, height=height, texture=Texture(0.05, 1.5))


def _bus_flank(sketch: Sketch, world: World, aside: float, size: tuple[float, float]) -> None:
    """A stripe, windows, doors on the right, and two wheels."""
    length, height = size
    if world.chance(0.5):
        stripe = vary(world.rng, pick(world.rng, world.city.fleet))
        sketch.rectangle(
            (-length / 2, length / 2, 0.12 * height, 0.3 * height), stripe, aside=aside
        )
    windows(sketch, world, aside, (-0.47 * length, 0.46 * length, 1.25, 2.45), 1.5)
    for along in (-0.12 * length, 0.4 * length):
        if aside > 0:
            windows(sketch, world, aside, (along - 0.6, along + 0.6, 0.35, 2.45), 0.6)
    for along in (-0.28 * length, 0.27 * length):
        wheel(sketch, along, aside, 0.5)


def truck(world: World, pose: Pose) -> Layer:
    """A lorry: a cab, a gap, and a box without windows whose painting may look like some."""
    rng = world.rng
    length, half = rng.uniform(6.2, 9.5), 1.22
    cab_height, box_height = rng.uniform(2.5, 2.9), rng.uniform(2.9, 3.5)
    cab, box = world.city.livery(rng, "truck"), world.city.livery(rng, "truck")
    rear, gap = -length / 2, length / 2 - 2.25
    bodies = [
        (scaled(CAB, 1.9, cab_height, length / 2 - 0.95), (cab, cab, cab, GLASS, cab), cab),
        (
            [(rear, 0.85), (rear, box_height), (gap, box_height), (gap, 0.85)],
            (0.9 * box, box, box),
            box,
        ),
    ]
    if pose.viewer(0.0)[0] > 0:
        bodies.reverse()  # the nearer one last
    sketch = Sketch(world.camera, pose)
    underside(sketch, length, half, 0.95)
    for outline, colours, side in bodies:
        flank, end = extrude(sketch, world, Body(outline, half, colours, side))
    if flank:
        _truck_flank(sketch, world, flank * half, (rear, gap, cab_height, box_height))
    if end < 0:
        sketch.rectangle((-0.03, 0.03, 0.9, box_height), 0.5 * box, along=rear)
    if end:
        lamps(sketch, end, end * length / 2, half, 0.6)
    footing = footprint(pose, length, 2 * half)
    return Layer("truck", sketch.parts, footing, height=box_height, texture=Texture(0.06, 1.5))


def _truck_flank(sketch: Sketch, world: World, aside: float, sizes: Span) -> None:
    """The cab's window, the box's painting, and three wheels."""
    rear, gap, cab_height, box_height = sizes
    front = -rear
    pane = (front - 1.2, front - 0.35, 0.58 * cab_height, 0.88 * cab_height)
    windows(sketch, world, aside, pane, 1.0)
    painting = world.rng.random()
    colour = pick(world.rng, world.city.fleet, 0.15)
    if painting < 0.3:  # dark like the windows of a bus
        span = (rear + 0.4, gap - 0.4, 0.58 * box_height, 0.84 * box_height)
        sketch.rectangle(span, 0.45 * colour, aside=aside)
    elif painting < 0.6:
        span = (rear + 0.3 * (gap - rear), gap - 0.3, 1.3, 0.8 * box_height)
        sketch.rectangle(span, colour, aside=aside)
    for along in (rear + 0.9, rear + 1.9, front - 0.9):
        wheel(sketch, along, aside, 0.48)
