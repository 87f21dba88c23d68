"""Houses: fronts with windows, shops, roofs, and posters."""

import numpy as np

from mmhps.street_scenes.camera import Plane
from mmhps.street_scenes.murals import mural, painted_person
from mmhps.street_scenes.palettes import GLASS, PAINTS, pick, pick_paint, vary
from mmhps.street_scenes.sketch import BUILDINGS, STREET, Layer, Sketch, Texture
from mmhps.street_scenes.street import World


def _box(plane: Plane, deep: float = 6.0) -> tuple[float, float, float, float]:
    x = (plane.start[0], plane.end[0])
    z = (plane.start[1], plane.end[1])
    away = deep if min(x) > 0 else -deep
    return min(*x, x[0] + away), max(*x, x[0] + away), min(z), max(z)


def _window_rows(
    sketch: Sketch, world: World, size: tuple[float, float], colour: np.ndarray, low: float
) -> None:
    """Rows of windows above `low`."""
    rng = world.rng
    length, height = size
    storey, pitch = rng.uniform(2.8, 3.6), rng.uniform(1.8, 3.2)
    wide, tall = rng.uniform(0.4, 0.62) * pitch, rng.uniform(0.45, 0.65) * storey
    pane = vary(rng, np.array(GLASS) * rng.uniform(0.9, 1.7), 0.1)
    near = sketch.frame.start[1] < 50
    frame = 1.15 * colour if world.chance(0.5) else 0.8 * colour
    for h in np.arange(low + 0.25 * storey, height - tall, storey):
        for s in np.arange(0.5 * (pitch - wide) + 0.2, length - wide, pitch):
            if near:
                sketch.rectangle((s - 0.1, s + wide + 0.1, h - 0.15, h + tall), frame)
            lit = world.chance(0.08)
            sketch.rectangle((s, s + wide, h, h + tall), np.array((214, 190, 130)) if lit else pane)


def _ground_floor(sketch: Sketch, world: World, length: float, colour: np.ndarray) -> None:
    """Shop windows with a sign above and reflections inside, or doors."""
    rng = world.rng
    if world.chance(0.55):
        sketch.rectangle((0.2, length - 0.2, 2.75, 3.3), pick(rng, PAINTS, 0.2))
        for s in np.arange(0.5, length - 1.8, 2.3):
            sketch.rectangle((s, s + 1.9, 0.4, 2.6), np.array(GLASS) * rng.uniform(0.8, 1.4))
            if sketch.frame.end[1] < 50 and world.chance(0.35):
                painted_person(sketch, world, s + rng.uniform(0.4, 1.5), 0.4, 0.62)
    else:
        for s in np.arange(0.8, length - 2.0, rng.uniform(3, 6)):
            wide = 2.4 if world.chance(0.3) else 1.0
            sketch.rectangle((s, s + wide, 0.0, 2.2), 0.6 * colour)


def house(world: World, plane: Plane, height: float, roof: bool, detail: str = "") -> Layer:
    """A house front.

    Args:
        world: Light, colours and randomness.
        plane: Foot of the front.
        height: Height of the eaves in metres.
        roof: Whether a sloping roof shows above the eaves.
        detail: 'mural' for a picture, 'blank' for no windows, '' to draw lots.
    """
    rng = world.rng
    sketch = Sketch(world.camera, plane)
    shade = world.light.shade(plane.normal)
    colour = pick(rng, world.city.facades, 0.1) * shade
    length = plane.length
    if roof:
        inset, rise = rng.uniform(0, 0.8), rng.uniform(1.5, 3.5)
        eaves = [(-0.2, height), (length + 0.2, height)]
        ridge = [(length - inset, height + rise), (inset, height + rise)]
        sketch.face(eaves + ridge, shade * pick(rng, world.city.roofs))
    sketch.rectangle((0, length, 0, height), colour, solid=True)
    texture = Texture(rng.uniform(0.03, 0.09), rng.uniform(0.4, 2.0))
    layer = Layer("building", sketch.parts, _box(plane), rank=BUILDINGS, texture=texture)
    if not world.camera.sees(plane([(0, 0), (length, 0)])):
        return layer
    ground_floor = height > 4.5 and detail != "blank"
    if ground_floor:
        _ground_floor(sketch, world, length, colour)
    if detail == "mural" and length > 4:
        mural(sketch, world, length, rng.uniform(0.5, 1.2))
    elif detail != "blank":
        _window_rows(sketch, world, (length, height), colour, 3.4 if ground_floor else 0.3)
    return layer


def gable(world: World, plane: Plane, height: float, colour: np.ndarray | None = None) -> Layer:
    """The end of a row of houses, without windows, sometimes with a mural."""
    sketch = Sketch(world.camera, plane)
    rng = world.rng
    colour = pick(rng, world.city.facades, 0.1) if colour is None else colour
    length = plane.length
    sketch.face(
        [(0, 0), (length, 0), (length, height), (length / 2, height * 1.25), (0, height)],
        colour * world.light.shade(plane.normal),
    )
    if world.chance(0.4):
        mural(sketch, world, length, rng.uniform(0.5, 2.0))
    elif world.chance(0.5):
        _window_rows(sketch, world, (length, height), colour, 0.5)
    return Layer("building", sketch.parts, _box(plane), rank=BUILDINGS, texture=Texture(0.08, 1.0))


def kiosk(world: World, x: float, z: float) -> Layer:
    """A container or kiosk in the colours and the size of a van: building."""
    rng = world.rng
    x, z = world.street.at(x, z)
    width, height, deep = rng.uniform(2.0, 3.0), rng.uniform(2.0, 2.7), rng.uniform(2.5, 5.0)
    colour = pick_paint(rng) if world.chance(0.6) else pick(rng, world.city.fleet)
    inner = x - np.sign(x) * width / 2
    sketch = Sketch(world.camera, Plane((inner, z), (inner, z + deep)))
    sketch.rectangle(
        (0, deep, 0, height), colour * world.light.shade(np.array([-np.sign(x), 0, 0])), solid=True
    )
    front = Plane((x - width / 2, z), (x + width / 2, z))
    sketch.frame = front
    sketch.rectangle((0, width, 0, height), colour * world.light.shade(front.normal), solid=True)
    if world.chance(0.6):
        sketch.rectangle((0.15 * width, 0.85 * width, 0.5 * height, 0.85 * height), np.array(GLASS))
    elif world.chance(0.5):
        painted_person(sketch, world, width / 2, 0.2, 0.9, 1.6)
    box, texture = (x - width / 2, x + width / 2, z, z + deep), Texture(0.05, 0.6)
    return Layer("building", sketch.parts, box, rank=STREET, height=height, texture=texture)
