"""Trams, which Cityscapes calls trains."""

import numpy as np

from mmhps.street_scenes.camera import Pose
from mmhps.street_scenes.extrusion import Body, extrude, footprint, lamps
from mmhps.street_scenes.heavy import scaled, windows
from mmhps.street_scenes.palettes import GLASS, pick
from mmhps.street_scenes.sketch import Layer, Sketch, Texture
from mmhps.street_scenes.street import World

TRAM_HEAD = ((-0.5, 0.07), (-0.5, 1), (0.32, 1), (0.4, 0.92), (0.5, 0.4), (0.5, 0.07))


def train(world: World, pose: Pose, modules: int = 2) -> Layer:
    """A tram (Cityscapes: train): coupled coaches with skirts over their wheels, on rails."""
    rng = world.rng
    unit, height, half = rng.uniform(7.5, 9.5), rng.uniform(3.1, 3.4), 1.22
    paint, skirt = world.city.livery(rng, "train"), 0.6 * pick(rng, world.city.fleet)
    length = modules * unit
    order = list(range(modules))
    if pose.viewer(0.0)[0] < 0:
        order.reverse()
    sketch = Sketch(world.camera, pose)
    striped = world.chance(0.5)
    for i in order:
        shift = -length / 2 + (i + 0.5) * unit
        flank, end = _coach(sketch, world, i - (modules - 1), (shift, unit, height, half), paint)
        if not flank:
            continue
        span = (shift - 0.485 * unit, shift + 0.485 * unit)
        sketch.rectangle((*span, 0.07 * height, 0.18 * height), skirt, aside=flank * half)
        if striped:
            sketch.rectangle((*span, 0.2 * height, 0.34 * height), 1.3 * skirt, aside=flank * half)
        windows(sketch, world, flank * half, (span[0] + 0.2, span[1] - 0.3, 1.35, 2.6), 1.5)
        windows(sketch, world, flank * half, (shift - 0.7, shift + 0.7, 0.4, 2.6), 0.7)
    if end:
        lamps(sketch, end, end * length / 2, half, 0.75)
    _pantograph(sketch, height)
    box = footprint(pose, length, 2 * half)
    return Layer("train", sketch.parts, box, height=height, texture=Texture(0.05, 1.5))


def _coach(sketch: Sketch, world: World, place: int, sizes: tuple, paint: np.ndarray) -> tuple:
    """One coach; the first and the last have slanted windscreens. `place` 0 is the head."""
    shift, unit, height, half = sizes
    middle = (shift - unit / 2 + 0.12, shift + unit / 2 - 0.12)
    if place == 0:
        outline = scaled(TRAM_HEAD, unit, height, shift)
        colours = [0.4 * paint, paint, paint, GLASS, paint]
    else:
        outline = [
            (middle[0], 0.07 * height),
            (middle[0], 0.45 * height),
            (middle[0], height),
            (middle[1], height),
            (middle[1], 0.07 * height),
        ]
        colours = [paint, GLASS, paint, 0.4 * paint]
    return extrude(sketch, world, Body(outline, half, colours, paint))


def _pantograph(sketch: Sketch, height: float) -> None:
    """The folded arm on a tram's roof that reaches for the wire."""
    top = height + 1.3
    sketch.line([(-0.5, 0, height), (0.4, 0, height + 0.7), (-0.3, 0, top)], 0.09, (52, 52, 54))
    sketch.line([(-0.3, -0.8, top), (-0.3, 0.8, top)], 0.09, (52, 52, 54))
