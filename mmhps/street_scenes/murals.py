"""Pictures of people and cars on houses: they belong to the surface that they are painted on."""

import numpy as np

from mmhps.street_scenes.cars import CARS
from mmhps.street_scenes.palettes import (
    CLOTHES,
    GLASS,
    HAIRS,
    PAINTS,
    SKINS,
    TROUSERS,
    pick,
    pick_paint,
)
from mmhps.street_scenes.sketch import Sketch
from mmhps.street_scenes.street import World


def painted_person(
    sketch: Sketch, world: World, middle: float, low: float, tone: float, size: float = 1.7
) -> None:
    """A picture of someone: seen in a shop window or on a poster, it belongs to the surface."""
    rng = world.rng
    shirt, legs = tone * pick(rng, CLOTHES), tone * pick(rng, TROUSERS)
    skin, hair = tone * pick(rng, SKINS), tone * pick(rng, HAIRS)
    step = rng.uniform(0.0, 0.15) * size
    for foot, hip in ((-step, -0.04 * size), (step, 0.04 * size)):
        leg = [(middle + foot, low + 0.03 * size), (middle + hip, low + 0.5 * size)]
        sketch.line(leg, 0.1 * size, legs, solid=False)
    chest = (middle - 0.12 * size, middle + 0.12 * size, low + 0.46 * size, low + 0.84 * size)
    sketch.rectangle(chest, shirt)
    for part, up in ((skin, 0.9), (hair, 0.94)):
        oval = [
            (middle + 0.06 * size * np.cos(a), low + up * size + 0.065 * size * np.sin(a))
            for a in np.linspace(0, 2 * np.pi, 9)
        ]
        sketch.face(oval, part, solid=False)


def painted_car(sketch: Sketch, world: World, middle: float, low: float, size: float) -> None:
    """A picture of a car on a wall."""
    length, height, outline, _, windows = CARS[world.rng.choice(list(CARS))]
    length, height, sign = length * size, height * size, world.rng.choice([-1, 1])
    paint = pick_paint(world.rng)
    for shape, colour in ((outline, paint), *((window, GLASS) for window in windows)):
        corners = [(middle + sign * p * length, low + h * height) for p, h in shape]
        sketch.face(corners, colour, solid=False)
    for share in (-0.32, 0.31):
        hub, radius = middle + sign * share * length, 0.33 * size
        angles = np.linspace(0, 2 * np.pi, 10)
        rim = [(hub + radius * np.cos(a), low + radius * (1 + np.sin(a))) for a in angles]
        sketch.face(rim, (28, 28, 30), solid=False)


def mural(sketch: Sketch, world: World, length: float, low: float) -> None:
    """A poster or a painted wall with people or a car."""
    rng = world.rng
    middle = rng.uniform(0.3, 0.7) * length
    wide, tall = min(0.45 * length, rng.uniform(2.2, 4.5)), rng.uniform(2.0, 3.0)
    sketch.rectangle(
        (middle - wide / 2, middle + wide / 2, low, low + tall), pick(rng, PAINTS, 0.2)
    )
    if world.chance(0.5):
        painted_car(sketch, world, middle, low + 0.2, 0.8 * min(1.0, wide / 4.5))
    else:
        for _ in range(int(rng.integers(1, 4))):
            spot = middle + rng.uniform(-0.35, 0.35) * wide
            painted_person(sketch, world, spot, low + 0.15, 1.0, 0.85 * tall)
