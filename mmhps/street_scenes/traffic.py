"""Places the vehicles, then everybody else."""

from collections.abc import Collection

import numpy as np

from mmhps.street_scenes import cars, heavy, passers, trams
from mmhps.street_scenes.palettes import pick_paint
from mmhps.street_scenes.sketch import Layer
from mmhps.street_scenes.stage import Stage, merged, seen_from
from mmhps.street_scenes.street import Side, World

MAKERS = {"car": cars.car, "truck": heavy.truck, "bus": heavy.bus}


def parked(stage: Stage, side: Side) -> None:
    """A row of parked cars, close to each other."""
    world, rng = stage.world, stage.world.rng
    strip = side.between("parking")
    if strip is None:
        return
    x = side.sign * 0.5 * sum(strip)
    z = seen_from(x) + rng.uniform(-1, 5)
    step = 2.7 if side.across else 5.3
    last = z + rng.uniform(2, 6) * step
    heading = np.pi / 2 * rng.choice([-1, 1]) if side.across else (0.0 if side.sign > 0 else np.pi)
    paint, far = None, []
    blurred = 22.0 if world.chance(0.25) else np.inf
    while z < min(last, 40):
        paint = pick_paint(rng) if paint is None or world.chance(0.7) else paint
        turned = np.pi if world.chance(0.2) else 0.0
        if world.chance(0.8) and not world.street.is_open(z - 2, z + 2):
            layer = cars.car(world, stage.pose(x, z, heading + turned), paint)
            if z > blurred:
                far.append(layer)
            else:
                stage.put([layer], gap=0.05)
        z += step + rng.uniform(0, 0.25 if side.across else 0.9)
    if far:
        stage.put([merged("cargroup", far)], gap=0.05)


def lanes(stage: Stage) -> None:
    """Vehicles that drive or wait in the lanes."""
    world, rng = stage.world, stage.world.rng
    for i, (x, heading) in enumerate(world.street.lanes):
        z = rng.uniform(8, 18) if i == 0 else seen_from(x) + rng.uniform(1, 10)
        jam = world.chance(0.2)
        for _ in range(int(rng.integers(2, 4)) if jam else int(rng.integers(0, 3))):
            kind = str(rng.choice(["car", "truck", "bus"], p=[0.88, 0.06, 0.06]))
            stage.put([MAKERS[kind](world, stage.pose(x, z, heading))])
            z += rng.uniform(6, 8) if jam else rng.uniform(9, 16)


def crossing(stage: Stage) -> None:
    """Vehicles in the crossing street, seen from the side."""
    world, rng = stage.world, stage.world.rng
    if world.street.crossing is None:
        return
    for z, heading in (
        (world.street.crossing[0] + 2.2, np.pi / 2),
        (world.street.crossing[1] - 2.2, -np.pi / 2),
    ):
        x = rng.uniform(-0.6, 0.3) * z
        for _ in range(int(rng.integers(0, 3))):
            kind = str(rng.choice(["car", "truck", "bus"], p=[0.7, 0.15, 0.15]))
            stage.put([MAKERS[kind](world, stage.pose(x, z, heading))])
            x += rng.uniform(5, 12)


def large(stage: Stage, kind: str) -> None:
    """At least one lorry or bus near enough to be recognised."""
    world, rng = stage.world, stage.world.rng
    for _ in range(8):
        if world.street.crossing and world.chance(0.35):
            z = 0.5 * sum(world.street.crossing)
            pose = stage.pose(rng.uniform(-0.4, 0.4) * z, z, np.pi / 2 * rng.choice([-1, 1]))
        else:
            x, heading = world.street.lanes[rng.integers(len(world.street.lanes))]
            pose = stage.pose(x, max(seen_from(x), 7) + rng.uniform(5, 14), heading)
        if stage.put([MAKERS[kind](world, pose)]):
            return


def tram(stage: Stage) -> None:
    """A tram on the track beside the road."""
    world, rng = stage.world, stage.world.rng
    for side in world.street.sides:
        strip = side.between("rails")
        if strip:
            x, coaches = side.sign * 0.5 * sum(strip), int(rng.integers(1, 4))
            z = seen_from(x) + rng.uniform(1, 10) + 4.5 * coaches
            heading = rng.choice([0.0, np.pi])
            stage.put([trams.train(world, stage.pose(x, z, heading, 0.0), coaches)])


def traffic(world: World, features: Collection[str], busy: bool) -> list[Layer]:
    """All things of a scene.

    Args:
        world: The street and its randomness.
        features: Classes that shall certainly be there: 'truck', 'bus', 'train', 'motorcycle'.
        busy: Whether the scene shall hold more than 30 instances.
    """
    rng, stage = world.rng, Stage(world)
    for kind in ("bus", "truck"):
        if kind in features:
            large(stage, kind)
    if "train" in features:
        tram(stage)
    if "motorcycle" in features:
        passers.riders(stage, int(rng.integers(1, 3)), motor_share=1.0)
    passers.riders(stage, rng.poisson(1.2), motor_share=0.1)
    if world.chance(0.4):
        passers.people_across(stage)
    for side in world.street.sides:
        parked(stage, side)
        if world.chance(0.4):
            passers.bike_rack(stage, side, motor=world.chance(0.2))
    lanes(stage)
    crossing(stage)
    if world.chance(0.25):
        passers.person_group(stage)
    passers.people(stage, rng.poisson(3.6))
    if busy:
        passers.crowd(stage, int(rng.integers(150, 200)))
    return stage.layers
