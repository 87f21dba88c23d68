"""Bicycles and motorcycles, parked or ridden."""

import numpy as np

from mmhps.street_scenes.camera import Pose
from mmhps.street_scenes.figures import draw_body
from mmhps.street_scenes.palettes import RUBBER, pick_paint
from mmhps.street_scenes.sketch import Layer, Sketch, Texture
from mmhps.street_scenes.street import World

STEEL = (120, 122, 126)


def _wheel(sketch: Sketch, along: float, radius: float, tyre: float, spokes: bool) -> None:
    """A wheel; the disc belongs to the silhouette, between its spokes the street shows."""
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    ring = np.stack(
        [along + radius * np.cos(angles), np.zeros(16), radius + radius * np.sin(angles)], axis=-1
    )
    for aside in (-tyre / 2, tyre / 2):
        edge = ring + np.array([0, aside, 0])
        sketch.face(edge, None if spokes else (58, 58, 60))
    sketch.line(np.concatenate([ring, ring[:1]]), tyre, RUBBER)
    if spokes:
        sketch.line(ring[[0, 8]], 0.02, STEEL, solid=False)
        sketch.line(ring[[4, 12]], 0.02, STEEL, solid=False)


def _box(pose: Pose, length: float) -> tuple[float, float, float, float]:
    ends = pose(np.array([(-length / 2, 0.0, 0.0), (length / 2, 0.0, 0.0)]))
    return (
        ends[:, 0].min() - 0.2,
        ends[:, 0].max() + 0.2,
        ends[:, 2].min() - 0.2,
        ends[:, 2].max() + 0.2,
    )


def bicycle(world: World, pose: Pose) -> Layer:
    """A bicycle without its rider."""
    rng = world.rng
    paint, size = pick_paint(rng), rng.uniform(0.94, 1.06)
    sketch = Sketch(world.camera, pose)
    hub, radius = 0.52 * size, 0.34 * size
    sketch.face([(-hub, 0, radius), (0, 0, 0.28), (0.4, 0, 0.72), (-0.16, 0, 0.78)], None)
    for along in (-hub, hub):
        _wheel(sketch, along, radius, 0.1, spokes=True)
    frame = [(-hub, 0, radius), (0, 0, 0.28), (0.38, 0, 0.74), (-0.16, 0, 0.76), (-hub, 0, radius)]
    sketch.line(frame, 0.08, paint)
    sketch.line([(0, 0, 0.28), (-0.2, 0, 0.92)], 0.05, paint)
    sketch.line([(hub, 0, radius), (0.34, 0, 1.0)], 0.06, paint)
    sketch.line([(0.36, -0.27, 1.02), (0.36, 0.27, 1.02)], 0.06, STEEL)
    sketch.blob([(-0.32, 0, 0.94), (-0.08, 0, 0.96)], (0.06, 0.04), RUBBER)
    if world.chance(0.35):
        basket = [(0.55, -0.12, 0.82), (0.55, 0.12, 0.82), (0.55, 0, 0.66)]
        sketch.blob(basket, (0.1, 0.1, 0.1), pick_paint(rng))
    return Layer("bicycle", sketch.parts, _box(pose, 1.7), height=1.0)


def motorcycle(world: World, pose: Pose) -> Layer:
    """A motorcycle, or a scooter with a leg shield, without its rider."""
    rng = world.rng
    paint, scooter = pick_paint(rng), world.chance(0.4)
    sketch = Sketch(world.camera, pose)
    hub, radius = (0.58, 0.24) if scooter else (0.7, 0.31)
    for along in (-hub, hub):
        _wheel(sketch, along, radius, 0.16, spokes=False)
    engine = [(-0.35, 0, 0.36), (0.25, 0, 0.36), (0.1, 0, 0.6)]
    sketch.blob(engine, (0.16, 0.16, 0.14), (46, 46, 50))
    if scooter:
        sketch.blob([(-0.63, 0, 0.52), (-0.2, 0, 0.5), (-0.5, 0, 0.7)], (0.16, 0.16, 0.15), paint)
        shield = [(0.35, -0.14, 0.4), (0.35, 0.14, 0.4), (0.42, 0, 0.95)]
        sketch.blob(shield, (0.1, 0.1, 0.1), paint)
    else:
        sketch.blob([(-0.05, 0, 0.76), (0.32, 0, 0.8)], (0.15, 0.17), paint)
        sketch.blob([(-0.85, 0, 0.66), (-0.55, 0, 0.68)], (0.07, 0.12), paint)
    sketch.blob([(-0.62, 0, 0.8), (-0.1, 0, 0.78)], (0.09, 0.09), RUBBER)
    sketch.line([(hub, 0, radius), (0.42, 0, 0.98)], 0.1, STEEL)
    sketch.line([(0.4, -0.34, 1.02), (0.4, 0.34, 1.02)], 0.07, (40, 40, 42))
    if pose.viewer(0.0)[0] > 0:
        sketch.blob([(0.52, 0, 0.86)], (0.1,), (238, 234, 210))
    else:
        sketch.blob([(-0.85, 0, 0.66)], (0.06,), (180, 30, 28))
    texture = Texture(0.08, 0.3)
    return Layer("motorcycle", sketch.parts, _box(pose, 2.0), height=1.1, texture=texture)


def ridden(world: World, pose: Pose, motor: bool) -> list[Layer]:
    """A bicycle or motorcycle with its rider, who is an instance of its own."""
    vehicle = motorcycle(world, pose) if motor else bicycle(world, pose)
    sketch = Sketch(world.camera, pose)
    size = float(np.clip(world.rng.normal(1.76, 0.07), 1.5, 1.95))
    draw_body(sketch, world, size, seated="motorcycle" if motor else "bicycle")
    rider = Layer("rider", sketch.parts, vehicle.box, height=1.75, texture=Texture(0.08, 0.25))
    return [vehicle, rider]
