"""Trees and shrubs."""

import numpy as np

from mmhps.street_scenes.palettes import WOODS, pick, vary
from mmhps.street_scenes.sketch import STREET, Layer, Sketch, Texture
from mmhps.street_scenes.street import World

Place = tuple[float, float]  # x and z in the plan


def tree(world: World, place: Place, rank: int | None = None) -> list[Layer]:
    """A tree: trunk and crown are vegetation."""
    rng = world.rng
    pose = world.street.pose(*place)
    height = rng.uniform(4.5, 9.0)
    crown = height * rng.uniform(0.24, 0.34)
    trunk = pick(rng, WOODS)
    sketch = Sketch(world.camera, pose)
    width = 0.03 * height + 0.05
    sketch.tapered(width, 0.6 * width, 0.6 * height, trunk)
    stem, sketch = sketch, Sketch(world.camera, pose)
    leaves = vary(rng, world.city.foliage, 0.15) * world.light.ambient
    spread = 0.5 * crown * rng.standard_normal((14 if pose.z < 40 else 7, 2)).clip(-1.3, 1.3)
    for aside, up in spread[np.argsort(spread[:, 1])]:
        lift = (1 + 0.3 * up / crown) * rng.uniform(0.9, 1.1)
        sketch.blob(
            [(0, aside, height - crown + up)], (crown * rng.uniform(0.3, 0.6),), lift * leaves
        )
    box = (pose.x - 0.3, pose.x + 0.3, pose.z - 0.3, pose.z + 0.3)
    rank = STREET if rank is None else rank
    bark, leaf = Texture(0.1, 0.3), Texture(0.16, 0.4, "leaf")
    return [
        Layer("vegetation", stem.parts, box, rank=rank, texture=bark),
        Layer("vegetation", sketch.parts, box, rank=rank, texture=leaf, height=height),
    ]


def bush(world: World, place: Place) -> list[Layer]:
    """A shrub."""
    rng = world.rng
    pose = world.street.pose(*place)
    sketch = Sketch(world.camera, pose)
    leaves = vary(rng, world.city.foliage, 0.15) * world.light.ambient
    size = rng.uniform(0.5, 1.3)
    for _ in range(5):
        aside = rng.normal(0, 0.8 * size)
        sketch.blob(
            [(0, aside, 0.1), (0, aside, size * rng.uniform(0.3, 0.9))],
            (0.4 * size, 0.5 * size),
            leaves * rng.uniform(0.8, 1.15),
        )
    box = (pose.x - size, pose.x + size, pose.z - 0.3, pose.z + 0.3)
    return [Layer("vegetation", sketch.parts, box, texture=Texture(0.16, 0.35, "leaf"))]
