"""Walls, fences and hedges: all of one size, and partly of one colour and texture."""

import numpy as np

from mmhps.street_scenes.camera import Plane
from mmhps.street_scenes.palettes import WALLS, WOODS, pick, vary
from mmhps.street_scenes.sketch import FRONTS, Layer, Sketch, Texture
from mmhps.street_scenes.street import World

METALS = ((84, 88, 86), (60, 64, 62), (140, 144, 144), (58, 78, 66))


def _layer(world: World, label: str, sketch: Sketch, texture: Texture | None) -> Layer:
    plane = sketch.frame
    x, z = sorted((plane.start[0], plane.end[0])), sorted((plane.start[1], plane.end[1]))
    return Layer(
        label, sketch.parts, (x[0] - 0.1, x[1] + 0.1, z[0], z[1]), rank=FRONTS, texture=texture
    )


def wall(world: World, plane: Plane, low: bool = False) -> Layer:
    """A free-standing wall of plaster, brick or concrete, in the colours of the houses.

    Args:
        world: Light, colours and randomness.
        plane: Its foot.
        low: Whether one can look over it.
    """
    rng = world.rng
    sketch = Sketch(world.camera, plane)
    height = rng.uniform(0.7, 1.1) if low else rng.uniform(1.8, 3.3)
    shade = world.light.shade(plane.normal)
    colour = pick(rng, WALLS if world.chance(0.7) else world.city.facades, 0.12) * shade
    sketch.rectangle((0, plane.length, 0, height), colour, solid=True)
    if world.chance(0.5):
        for s in np.arange(0, plane.length, rng.uniform(2.5, 4)):
            sketch.rectangle((s, s + 0.4, 0, height + 0.1), 0.93 * colour, solid=True)
    sketch.rectangle(
        (0, plane.length, height - 0.18, height), colour * rng.choice([0.75, 1.15]), solid=True
    )
    if world.chance(0.3):
        tag = vary(rng, np.array((90, 110, 150)), 0.4)
        points = [(rng.uniform(0, plane.length), rng.uniform(0.3, 0.7 * height)) for _ in range(6)]
        sketch.line(points, 0.12, tag, solid=False)
    return _layer(world, "wall", sketch, Texture(rng.uniform(0.06, 0.15), rng.uniform(0.3, 1.0)))


def fence(world: World, plane: Plane, low: bool = False) -> Layer:
    """A fence: bars, pickets or mesh to see through, or boards that look like a wall.

    Args:
        world: Light, colours and randomness.
        plane: Its foot.
        low: Whether one can look over it.
    """
    rng = world.rng
    kind = str(rng.choice(["bars", "pickets", "mesh", "boards"], p=(0.3, 0.3, 0.2, 0.2)))
    sketch = Sketch(world.camera, plane)
    height = rng.uniform(0.8, 1.2) if low else rng.uniform(1.5, 2.6)
    shade = world.light.shade(plane.normal)
    wooden = kind in ("pickets", "boards")
    colour = shade * (pick(rng, WOODS, 0.15) if wooden else pick(rng, METALS, 0.1))
    if wooden and world.chance(0.2):
        colour = shade * pick(rng, world.city.facades)
    length = plane.length
    sketch.rectangle((0, length, 0, height), colour if kind == "boards" else None, solid=True)
    if kind == "boards":
        for s in np.arange(0, length, 0.45):
            sketch.rectangle((s, s + 0.1, 0, height), 0.7 * colour)
        return _layer(world, "fence", sketch, Texture(0.12, 0.5))
    if kind == "mesh":
        sketch.face([(0, 0), (length, 0), (length, height), (0, height)], colour, alpha=0.35)
    _bars(sketch, kind, length, height, colour)
    return _layer(world, "fence", sketch, None)


def _bars(sketch: Sketch, kind: str, length: float, height: float, colour: np.ndarray) -> None:
    """Posts, rails and what hangs between them."""
    thick, step = {"bars": (0.05, 0.3), "pickets": (0.2, 0.36), "mesh": (0.05, 1.0)}[kind]
    for s in np.arange(0, length, step):
        sketch.rectangle((s, s + thick, 0, height), colour)
    for s in np.arange(0, length, 2.4):
        sketch.rectangle((s, s + 0.12, 0, height + 0.05), 0.85 * colour)
    for h in (0.15 * height, 0.93 * height):
        sketch.rectangle((0, length, h, h + 0.09), colour)


def hedge(world: World, plane: Plane) -> Layer:
    """A hedge: vegetation in the colour of the grass before it."""
    rng = world.rng
    sketch = Sketch(world.camera, plane)
    height = rng.uniform(0.8, 2.2)
    leaves = vary(rng, world.city.foliage, 0.12) * world.light.shade(plane.normal)
    tops = np.arange(0, plane.length + 0.5, 0.5)
    edge = [(s, height * rng.uniform(0.88, 1.08)) for s in tops]
    sketch.face([(tops[-1], 0), (0, 0), *edge], leaves)
    return _layer(world, "vegetation", sketch, Texture(0.2, 0.35, "leaf"))
