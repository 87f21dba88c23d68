"""Places riders, parked bicycles, and people."""

import numpy as np

from mmhps.street_scenes import bikes, figures
from mmhps.street_scenes.stage import Stage, merged, seen_from
from mmhps.street_scenes.street import Side


def riders(stage: Stage, count: int, motor_share: float) -> None:
    """Bicycles and motorcycles on the road, each with its rider."""
    world, rng = stage.world, stage.world.rng
    for _ in range(count):
        motor = world.chance(motor_share)
        side = world.street.sides[rng.integers(2)]
        if world.chance(0.5):
            z, heading = rng.uniform(7, 16), np.pi / 2 * rng.choice([-1, 1])
            x = rng.uniform(-0.45, 0.45) * z
        else:
            x = side.sign * (side.kerb - rng.uniform(0.5, 1.3))
            if motor:
                x = world.street.lanes[rng.integers(len(world.street.lanes))][0]
            z = seen_from(x) + rng.uniform(0, 10)
            heading = 0.0 if x > -1.5 else np.pi
        stage.put(bikes.ridden(world, stage.pose(x, z, heading, 0.25), motor))


def bike_rack(stage: Stage, side: Side, motor: bool) -> None:
    """A row of parked bicycles or motorcycles, some with their owner beside them."""
    world, rng = stage.world, stage.world.rng
    walk = side.between("walk")
    x = side.sign * rng.uniform(walk[0] + 0.9, walk[1] - 0.4)
    z, along = seen_from(x) + rng.uniform(0, 8), world.chance(0.25)
    heading = 0.0 if along else np.pi / 2 * rng.choice([-1, 1])
    step = 1.9 if along else rng.uniform(0.6, 1.1)
    make = bikes.motorcycle if motor else bikes.bicycle
    rack, blurred = [], not motor and world.chance(0.4)
    for i in range(int(rng.integers(2, 5))):
        rack += [make(world, stage.pose(x, z + i * step, heading, 0.15))]
        if not blurred and world.chance(0.2):
            owner = stage.pose(x + rng.choice([-0.5, 0.5]), z + (i + 0.4) * step, heading, 0.5)
            stage.put([figures.person(world, owner)], gap=0.0)
    if blurred:
        stage.put([merged("bicyclegroup", rack)], gap=-0.3)
        return
    for layer in rack:
        stage.put([layer], gap=-0.3)


def people(stage: Stage, clusters: int) -> None:
    """People on the sidewalks, alone or side by side."""
    world, rng = stage.world, stage.world.rng
    for _ in range(clusters):
        side = world.street.sides[rng.integers(2)]
        walk = side.between("walk")
        x = side.sign * rng.uniform(walk[0] + 0.3, walk[1] - 0.3)
        z = seen_from(x) + 10 * rng.random() ** 1.5
        cluster(stage, x, z, int(rng.choice([1, 1, 2, 2, 3, 4])), rng.choice([0.0, np.pi]))


def cluster(stage: Stage, x: float, z: float, count: int, heading: float) -> None:
    """Some people who walk together."""
    world, rng = stage.world, stage.world.rng
    for i in range(count):
        pose = stage.pose(
            x + rng.normal(0, 0.12) + 0.5 * i * np.cos(heading),
            z + rng.normal(0, 0.3) + 0.5 * i * abs(np.sin(heading)),
            heading,
            0.4,
        )
        stage.put([figures.person(world, pose)], gap=-0.12)
    if count == 1 and world.chance(0.12):
        bike = bikes.bicycle(world, stage.pose(x - 0.45 * np.sign(x), z - 0.1, heading))
        stage.put([bike], gap=-0.2)


def people_across(stage: Stage) -> None:
    """People who cross the road."""
    world, rng = stage.world, stage.world.rng
    street = world.street
    z = street.crossing[0] - 3.0 if street.crossing else rng.uniform(8, 16)
    x = rng.uniform(-0.45, 0.3) * z
    for _ in range(int(rng.integers(1, 4))):
        heading = np.pi / 2 * rng.choice([-1, 1])
        cluster(stage, x, z + rng.uniform(-1, 1), int(rng.integers(1, 4)), heading)
        x += rng.uniform(0.8, 3.0)


def crowd(stage: Stage, count: int) -> None:
    """A crowd of single people, on the road too: more than the usual cap on instances."""
    world, rng = stage.world, stage.world.rng
    for _ in range(count):
        z = rng.uniform(9, 28)
        pose = stage.pose(rng.uniform(-0.55, 0.55) * z, z, rng.uniform(-np.pi, np.pi))
        stage.put([figures.person(world, pose)], gap=0.0)


def person_group(stage: Stage) -> None:
    """A dense crowd far away, labelled as a group."""
    world, rng = stage.world, stage.world.rng
    side = world.street.sides[rng.integers(2)]
    walk = side.between("walk")
    x, z = side.sign * 0.5 * sum(walk), rng.uniform(14, 26)
    poses = [
        stage.pose(
            x + rng.uniform(-1.3, 1.3), z + rng.uniform(-1.5, 1.5), rng.uniform(-np.pi, np.pi)
        )
        for _ in range(int(rng.integers(6, 12)))
    ]
    stage.put([merged("persongroup", [figures.person(world, pose) for pose in poses])])
