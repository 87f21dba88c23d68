"""The ground: road, sidewalks, grass, parking strips and tram tracks."""

import numpy as np

from mmhps.street_scenes.camera import flat
from mmhps.street_scenes.palettes import vary
from mmhps.street_scenes.sketch import GROUND, Layer, Sketch, Texture
from mmhps.street_scenes.street import FAR, World

NEAR_END = 1.0
_RANGE = np.concatenate([np.linspace(NEAR_END, 12, 6), np.linspace(15, FAR, 12)])
EVERYWHERE = (-80.0, 80.0, 0.0, FAR)


def _strip(
    world: World, x0: float, x1: float, z0: float = NEAR_END, z1: float = FAR
) -> list[tuple[float, float]]:
    """Corners (x, z) of a strip along the street."""
    inside = [z for z in _RANGE if z0 < z < z1]
    distances = [z0, *inside, z1]
    return [world.street.at(x0, z) for z in distances] + [
        world.street.at(x1, z) for z in reversed(distances)
    ]


def _layer(world: World, label: str, areas: list, colour: np.ndarray, texture: Texture) -> Layer:
    sketch = Sketch(world.camera, flat)
    for area in areas:
        sketch.face(area, colour)
    return Layer(label, sketch.parts, EVERYWHERE, rank=GROUND, texture=texture)


def _base(world: World) -> Layer:
    """Whatever lies behind the frontage: grass or pavement up to the horizon."""
    area = [(-300, NEAR_END), (300, NEAR_END), (300, FAR), (-300, FAR)]
    if world.chance(0.3 + world.city.greenery):
        return _grass(world, [area])
    return _paving(world, [area])


def _grass(world: World, areas: list) -> Layer:
    rng = world.rng
    colour = vary(rng, world.city.foliage * np.array([1.4, 1.25, 0.95]), 0.12)
    if world.chance(0.2):
        colour = vary(rng, np.array([132, 118, 84]), 0.1)
    texture = Texture(rng.uniform(0.06, 0.16), rng.uniform(0.2, 0.6), "ground")
    return _layer(world, "terrain", areas, colour * _daylight(world), texture)


def _paving(world: World, areas: list) -> Layer:
    colour, texture = vary(world.rng, world.city.paving, 0.05), Texture(0.07, 0.5, "paving")
    if world.chance(0.15):
        colour, texture = vary(world.rng, world.city.asphalt, 0.06), Texture(0.06, 0.4, "ground")
    return _layer(world, "sidewalk", areas, colour * _daylight(world), texture)


def _daylight(world: World) -> float:
    return world.light.shade(np.array([0.0, 1.0, 0.0]))


def _markings(world: World, sketch: Sketch) -> None:
    """Lines, a zebra crossing, patches and manholes on the road."""
    rng, street = world.rng, world.street
    paint = np.array((214, 212, 204)) * _daylight(world) * rng.uniform(0.75, 1.0)
    for _ in range(int(rng.integers(2, 7))):
        x, z = rng.uniform(-6, 4), rng.uniform(5, 30)
        wide, deep = rng.uniform(0.3, 1.6), rng.uniform(0.6, 5.0)
        tone = world.city.asphalt * _daylight(world) * rng.uniform(0.75, 1.15)
        sketch.face(_strip(world, x, x + wide, z, z + deep), tone, solid=False)
    if world.chance(0.8):
        middle = 0.5 * (street.lanes[0][0] + street.lanes[-1][0])
        for x in sorted({0.5 * (a[0] + b[0]) for a in street.lanes for b in street.lanes if a < b}):
            solid = abs(x - middle) < 0.5 and world.chance(0.4)
            for z in np.arange(2, 70, 7.0):
                dash = _strip(world, x - 0.08, x + 0.08, z, z + (7 if solid else 3))
                sketch.face(dash, paint, solid=False)
    if street.crossing and world.chance(0.7):
        z = street.crossing[0] - 4.5
        for x in np.arange(-street.left.kerb + 0.3, street.right.kerb - 0.4, 1.0):
            sketch.face(_strip(world, x, x + 0.5, z, z + 3.0), paint, solid=False)


def _road(world: World) -> Layer:
    street, rng = world.street, world.rng
    areas = [_strip(world, -street.left.kerb, street.right.kerb)]
    if street.crossing:
        z0, z1 = street.crossing
        areas.append([(-90, z0), (90, z0), (90, z1), (-90, z1)])
    colour = vary(rng, world.city.asphalt, 0.06) * _daylight(world)
    texture = Texture(rng.uniform(0.03, 0.07), rng.uniform(0.3, 0.8), "ground")
    layer = _layer(world, "road", areas, colour, texture)
    sketch = Sketch(world.camera, flat, layer.parts)
    if world.light.wet == 0.0 or world.chance(0.5):
        _markings(world, sketch)
    return layer


def _rails(world: World, sign: int, inner: float, outer: float) -> Layer:
    area = _strip(world, sign * inner, sign * outer)
    grassy = world.chance(0.4)
    colour = 1.05 * world.city.foliage if grassy else 0.8 * world.city.asphalt
    colour = vary(world.rng, colour) * _daylight(world)
    layer = _layer(world, "rail track", [area], colour, Texture(0.2, 0.4, "ground"))
    sketch = Sketch(world.camera, flat, layer.parts)
    middle = 0.5 * (inner + outer)
    for x in (sign * (middle - 0.72), sign * (middle + 0.72)):
        sketch.face(_strip(world, x - 0.09, x + 0.09), (150, 146, 142), solid=False)
    return layer


def _kerb(world: World, sketch: Sketch, x: float) -> None:
    """The bright or dark edge of the road."""
    tone = world.rng.choice([0.8, 1.2]) * _daylight(world)
    sketch.face(_strip(world, x - 0.1, x + 0.1), tone * world.city.paving, solid=False)


def ground(world: World) -> list[Layer]:
    """All ground layers, in painting order."""
    street = world.street
    layers = [_base(world)]
    walks, verges, tracks, parkings = [], [], [], []
    for side in street.sides:
        for kind, inner, outer in side.strips:
            area = _strip(world, side.sign * inner, side.sign * outer)
            if kind == "rails":
                tracks.append((side.sign, inner, outer))
            else:
                {"walk": walks, "verge": verges, "parking": parkings}[kind].append(area)
    layers.append(_paving(world, walks))
    if verges:
        layers.append(_grass(world, verges))
    label = "parking" if world.chance(0.25) else "road"
    if parkings:
        tone = vary(world.rng, world.city.asphalt, 0.1) * _daylight(world)
        layers.append(_layer(world, label, parkings, tone, Texture(0.08, 0.4, "ground")))
    layers += [_rails(world, *track) for track in tracks]
    road = _road(world)
    sketch = Sketch(world.camera, flat, road.parts)
    for side in street.sides:
        _kerb(world, sketch, side.sign * side.kerb)
    return [*layers, road]
