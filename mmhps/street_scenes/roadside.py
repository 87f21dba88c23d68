"""Places everything along the street that is no thing: frontage, furniture, the far end."""

from collections.abc import Callable

import numpy as np

from mmhps.street_scenes import barriers, furniture, houses, plants
from mmhps.street_scenes.camera import Plane
from mmhps.street_scenes.sketch import BUILDINGS, STREET, YARD, Layer
from mmhps.street_scenes.street import FAR, Side, World


def _plane(world: World, x: float, z0: float, z1: float) -> Plane:
    """An upright plane along the street."""
    return Plane(world.street.at(x, z0), world.street.at(x, z1))


def _far_end(world: World) -> list[Layer]:
    """Houses and trees across the end of the street."""
    rng, layers = world.rng, []
    end = rng.uniform(75, 110)
    x = -0.8 * end
    while x < 0.8 * end:
        wide = rng.uniform(10, 22)
        if world.chance(0.75):
            plane = Plane(world.street.at(x, end), world.street.at(x + wide, end))
            layers.append(houses.house(world, plane, rng.uniform(5, 16), world.chance(0.5)))
        for _ in range(int(rng.integers(0, 4))):
            layers += plants.tree(world, (x + rng.uniform(0, wide), end - 3), rank=BUILDINGS)
        x += wide
    return layers


def _yard(world: World, side: Side, z0: float, z1: float) -> list[Layer]:
    """What shows above a barrier: a house set back, and trees."""
    rng, layers = world.rng, []
    if world.chance(0.55):
        plane = _plane(world, side.sign * (side.front + rng.uniform(4, 12)), z0, z1)
        layers.append(houses.house(world, plane, rng.uniform(4, 9), roof=True))
    if world.chance(world.city.greenery):
        for z in np.arange(z0 + 1, z1, rng.uniform(3, 7)):
            place = (side.sign * (side.front + rng.uniform(1.5, 4)), float(z))
            layers += plants.tree(world, place, rank=YARD)
    return layers


def _closed_front(world: World, side: Side, z0: float, z1: float, height: float) -> list[Layer]:
    """A house that stands right at the sidewalk, and the end of the row behind a gap."""
    detail = "" if world.chance(0.82) else str(world.rng.choice(["mural", "blank"]))
    plane = _plane(world, side.sign * side.front, z0, z1)
    layers = [houses.house(world, plane, height, world.chance(0.4), detail)]
    x, z = plane.start
    end = Plane((x, z), (x + side.sign * world.rng.uniform(7, 10), z))
    return [houses.gable(world, end, height), *layers]


def _facing(world: World, side: Side) -> list[Layer]:
    """Beyond a crossing street, a barrier or houses that face the camera."""
    z = world.street.crossing[1] + world.rng.uniform(1.5, 4)
    x = side.sign * side.front
    plane = Plane(world.street.at(x, z), world.street.at(x + side.sign * 30, z))
    layers = []
    if world.chance(0.5):
        behind = Plane(world.street.at(x, z + 8), world.street.at(x + side.sign * 25, z + 8))
        layers.append(houses.house(world, behind, world.rng.uniform(5, 12), roof=True))
    return [*layers, _pick_barrier(world)(world, plane)]


def _pick_barrier(world: World) -> Callable[[World, Plane], Layer]:
    """A wall, a fence or a hedge."""
    kinds = [barriers.wall, barriers.fence, barriers.hedge]
    green = world.city.greenery
    return kinds[
        world.rng.choice(3, p=[0.5 - 0.25 * green, 0.45 - 0.2 * green, 0.05 + 0.45 * green])
    ]


def _kerb_fence(world: World, side: Side) -> list[Layer]:
    """A railing or low wall between road and sidewalk: whoever walks behind it is half hidden."""
    walk = side.between("walk")
    x, z = side.sign * (walk[0] + 0.3), max(6.0, walk[0] / 0.6) + world.rng.uniform(0, 6)
    kind = barriers.fence if world.chance(0.6) else barriers.wall
    layers = []
    for _ in range(int(world.rng.integers(1, 4))):
        layer = kind(world, _plane(world, x, z, z + 4), low=True)
        layer.rank = STREET
        layers.append(layer)
        z += 4
    return layers


def frontage(world: World, side: Side) -> list[Layer]:
    """Houses, walls, fences, hedges and gaps along one side of the street."""
    rng, segments = world.rng, []
    z, height, usual = rng.uniform(2.0, 5.0), rng.uniform(7, 16), _pick_barrier(world)
    while z < 80:
        length = rng.uniform(7, 15)
        if world.street.is_open(z, z + length):
            length = world.street.crossing[1] - z
            if world.chance(0.6):
                segments.append(_facing(world, side))
        elif world.chance(world.city.housing):
            height = height if world.chance(0.4) else rng.uniform(6, 17)
            segments.append(_closed_front(world, side, z, z + length, height))
        elif world.chance(0.85):
            kind = usual if world.chance(0.7) else _pick_barrier(world)
            barrier = kind(world, _plane(world, side.sign * side.front, z, z + length))
            segments.append([*_yard(world, side, z, z + length), barrier])
        else:
            segments.append(_yard(world, side, z, z + length) + _bushes(world, side, z, z + length))
        z += length
    return [layer for segment in reversed(segments) for layer in segment]


def _bushes(world: World, side: Side, z0: float, z1: float) -> list[Layer]:
    rng = world.rng
    return [
        layer
        for _ in range(int(rng.integers(0, 5)))
        for layer in plants.bush(
            world, (side.sign * (side.front + rng.uniform(0.3, 2)), rng.uniform(z0, z1))
        )
    ]


def _row(world: World, make, x: float, start: float, step: float, share: float) -> list[Layer]:
    """One of `make` every `step` metres, with gaps."""
    layers = []
    for z in np.arange(start, 36.0, step):
        if world.chance(share) and not world.street.is_open(z - 1, z + 1):
            layers += make(world, (x, float(z) + world.rng.uniform(-1, 1)))
    return layers


def along(world: World, side: Side) -> list[Layer]:
    """Poles, signs, trees and bins along one side of the street."""
    rng = world.rng
    walk = side.between("walk")
    kerb = side.sign * (walk[0] + 0.4)
    start = max(6.0, abs(kerb) / 0.6)
    layers = _row(
        world, furniture.lamp_post, kerb, start + rng.uniform(0, 8), rng.uniform(12, 22), 0.8
    )
    layers += _row(world, furniture.sign, kerb, start + rng.uniform(0, 10), rng.uniform(9, 16), 0.5)
    verge = side.between("verge")
    if verge or world.chance(world.city.greenery):
        x = side.sign * (0.5 * sum(verge) if verge else walk[0] + 0.6)
        layers += _row(world, plants.tree, x, start + rng.uniform(0, 5), rng.uniform(6, 12), 0.7)
    if world.chance(0.3):
        layers += _kerb_fence(world, side)
    elif world.chance(0.25):
        layers += furniture.bollards(world, (kerb, start + rng.uniform(0, 12)))
    for _ in range(rng.poisson(0.8)):
        place = (side.sign * rng.uniform(*walk), start + rng.uniform(0, 18))
        layers += furniture.litter(world, place)
    if world.chance(0.12):
        layers.append(houses.kiosk(world, side.sign * (walk[1] - 1.5), start + rng.uniform(2, 14)))
    if world.chance(0.15):
        layers += furniture.direction_sign(
            world, (side.sign * (walk[0] + 1.2), start + rng.uniform(0, 15))
        )
    return layers


def lights(world: World) -> list[Layer]:
    """Traffic lights at the crossing, or at a crossing for people on foot."""
    street = world.street
    z = street.crossing[0] - 0.8 if street.crossing else world.rng.uniform(10, 22)
    places = [(side.sign * (side.kerb + 0.5), z) for side in street.sides]
    if street.crossing:
        places += [(x, min(street.crossing[1] + 1.0, FAR)) for x, _ in places]
    return [
        layer
        for place in places
        if world.chance(0.85)
        for layer in furniture.traffic_light(world, place)
    ]


def roadside(world: World) -> list[Layer]:
    """All of it: the far end first, then both sides."""
    layers = _far_end(world)
    for side in world.street.sides:
        layers += frontage(world, side)
        layers += along(world, side)
    if world.chance(0.9 if world.street.crossing else 0.45):
        layers += lights(world)
    return layers
