"""Cars, and the vans that Cityscapes counts as cars."""

import numpy as np

from mmhps.street_scenes.camera import Pose
from mmhps.street_scenes.extrusion import Body, extrude, footprint, lamps, underside, wheel
from mmhps.street_scenes.palettes import CLOTHES, GLASS, SKINS, pick, pick_paint, vary
from mmhps.street_scenes.sketch import Layer, Sketch, Texture
from mmhps.street_scenes.street import World

# Length and height in metres; the side view in shares of them, from behind over the roof to the
# front; which strips of it are glass; the side windows.
# fmt: off
CARS = {
    "sedan": (4.5, 1.45, (
        (-.5, .18), (-.5, .56), (-.47, .67), (-.33, .70), (-.2, .97), (0, 1), (.1, .98),
        (.26, .67), (.45, .56), (.5, .42), (.5, .18)), (3, 6), (
        ((-.28, .70), (-.19, .92), (-.04, .94), (-.04, .70)),
        ((-.01, .70), (-.01, .94), (.08, .93), (.2, .70)))),
    "hatch": (3.9, 1.5, (
        (-.5, .17), (-.5, .56), (-.47, .63), (-.4, .95), (-.3, 1), (.06, 1), (.11, .97),
        (.29, .65), (.46, .55), (.5, .4), (.5, .17)), (2, 6), (
        ((-.4, .66), (-.36, .92), (-.12, .94), (-.12, .66)),
        ((-.08, .66), (-.08, .94), (.08, .92), (.22, .66)))),
    "suv": (4.7, 1.85, (
        (-.5, .2), (-.5, .56), (-.485, .6), (-.455, .96), (-.4, 1), (.1, 1), (.15, .97),
        (.29, .64), (.46, .56), (.5, .42), (.5, .2)), (2, 6), (
        ((-.44, .64), (-.42, .92), (-.17, .94), (-.17, .64)),
        ((-.13, .64), (-.13, .94), (.11, .92), (.23, .64)))),
    "van": (5.1, 2.2, (
        (-.5, .15), (-.5, .5), (-.495, .55), (-.49, .92), (-.46, 1), (.18, 1), (.24, .95),
        (.38, .56), (.47, .47), (.5, .36), (.5, .15)), (2, 6), (
        ((.14, .55), (.14, .88), (.22, .87), (.33, .55)),)),
}
# fmt: on
LIKELY = (0.3, 0.33, 0.22, 0.15)


def car(world: World, pose: Pose, paint: np.ndarray | None = None) -> Layer:
    """A passenger car, or a van (which Cityscapes counts as a car).

    Args:
        world: Light, camera and randomness.
        pose: Where it stands.
        paint: Its colour; None draws one.
    """
    rng = world.rng
    length, height, outline, glass, panes = CARS[rng.choice(list(CARS), p=LIKELY)]
    length, height = length * rng.uniform(0.94, 1.06), height * rng.uniform(0.96, 1.05)
    half = rng.uniform(0.84, 0.93)
    paint = pick_paint(rng) if paint is None else vary(rng, paint, 0.04)
    outline = [(p * length, h * height) for p, h in outline]
    panes = [[(p * length, h * height) for p, h in pane] for pane in panes]
    colours = [GLASS if i in glass else paint for i in range(len(outline) - 1)]
    body = Body(outline, half, colours, paint, waist=0.66 * height)
    sketch = Sketch(world.camera, pose)
    underside(sketch, length, half, 0.3)
    flank, end = extrude(sketch, world, body)
    if flank:
        for pane in panes:
            corners = [(along, flank * body.half_at(up), up) for along, up in pane]
            sketch.face(corners, GLASS, solid=False)
        for share in (-0.32, 0.31):
            wheel(sketch, share * length, flank * half, 0.32)
    if end:
        lamps(sketch, end, end * length / 2, half, 0.42 * height)
    if end > 0 and world.chance(0.7):
        _driver(sketch, world, length, height)
    box = footprint(pose, length, 2 * half)
    return Layer("car", sketch.parts, box, height=height, texture=Texture(0.05, 0.8))


def _driver(sketch: Sketch, world: World, length: float, height: float) -> None:
    """Someone behind the windscreen: part of the car, whatever it looks like."""
    skin, shirt = pick(world.rng, SKINS), pick(world.rng, CLOTHES)
    seat = 0.16 * length
    chest = [(seat, 0.32, 0.7 * height), (seat, 0.42, 0.7 * height)]
    sketch.blob(chest, (0.12, 0.12), 0.6 * shirt, solid=False)
    sketch.blob([(seat, 0.37, 0.84 * height)], (0.09,), 0.6 * skin, solid=False)
