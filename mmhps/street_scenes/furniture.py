"""What stands along a street: poles, traffic lights and signs, trees, bins."""

import numpy as np

from mmhps.street_scenes.camera import Pose
from mmhps.street_scenes.palettes import CLOTHES, PAINTS, pick
from mmhps.street_scenes.sketch import Layer, Sketch, Texture
from mmhps.street_scenes.street import World

Place = tuple[float, float]  # x and z in the plan
POLES = ((120, 122, 124), (92, 96, 98), (70, 74, 72), (150, 150, 148), (96, 88, 76))


def _pole(world: World, pose: Pose, height: float, width: float, arm: float = 0.0) -> Layer:
    sketch = Sketch(world.camera, pose)
    colour = pick(world.rng, POLES) * world.light.shade(np.array([0.0, 0.0, -1.0]))
    half = width / 2
    sketch.tapered(half, 0.7 * half, height, colour)
    if arm:
        sketch.line([(0, 0, height - 0.05), (0, arm, height + 0.3)], 0.8 * width, colour)
        lamp = [(0, 0.8 * arm, height + 0.27), (0, 1.15 * arm, height + 0.33)]
        sketch.blob(lamp, (0.09, 0.09), 0.8 * colour)
    box = (pose.x - 0.1, pose.x + 0.1, pose.z - 0.1, pose.z + 0.1)
    return Layer("pole", sketch.parts, box, height=height)


def lamp_post(world: World, place: Place) -> list[Layer]:
    """A street lamp; its arm reaches over the road."""
    arm = -np.sign(place[0]) * world.rng.uniform(0.4, 1.2)
    pose = world.street.pose(*place)
    return [_pole(world, pose, world.rng.uniform(5, 8), world.rng.uniform(0.28, 0.44), float(arm))]


def bollards(world: World, place: Place) -> list[Layer]:
    """A row of bollards along the kerb."""
    return [
        _pole(world, world.street.pose(place[0], place[1] + 1.6 * i), 1.0, 0.2)
        for i in range(int(world.rng.integers(2, 6)))
    ]


def _outline(shape: str, size: float) -> list[tuple[float, float]]:
    """Corner points (aside, up) of a sign around its middle."""
    corners = {"triangle": 3, "square": 4, "octagon": 8, "disc": 14}[shape]
    start = {"triangle": np.pi / 2, "square": np.pi / 4, "octagon": np.pi / 8, "disc": 0.0}[shape]
    angles = start + np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return [(size * np.cos(a), size * np.sin(a)) for a in angles]


def sign(world: World, place: Place) -> list[Layer]:
    """One or two traffic signs on a pole, facing the camera, or seen from behind (grey)."""
    rng = world.rng
    pose = world.street.pose(*place)
    height = rng.uniform(2.3, 2.9)
    layers = [_pole(world, pose, height + 0.3, 0.26)]
    sketch = Sketch(world.camera, pose)
    for i in range(1 + int(world.chance(0.35))):
        shape = str(rng.choice(["triangle", "square", "octagon", "disc", "disc"]))
        rim, field = {
            "triangle": ((186, 34, 36), (236, 234, 228)),
            "square": ((30, 70, 160), (30, 70, 160)),
            "octagon": ((186, 34, 36), (186, 34, 36)),
            "disc": ((186, 34, 36), (236, 234, 228)),
        }[shape]
        if shape == "disc" and world.chance(0.4):
            rim = field = (32, 76, 166)
        if world.chance(0.12):
            rim = field = (128, 130, 132)
        size, middle = rng.uniform(0.5, 0.7), height - 1.2 * i
        shade = world.light.shade(np.array([0.0, 0.0, -1.0]))
        for scale, colour, solid in ((1.0, rim, True), (0.68, field, False)):
            points = [(0, p[0], middle + p[1]) for p in _outline(shape, scale * size)]
            sketch.face(points, shade * np.array(colour), solid=solid)
        ink = (50, 50, 52) if field[0] > 200 else (226, 226, 222)
        symbol = [(0, -0.1 * size, middle), (0, 0.15 * size, middle)]
        sketch.blob(symbol, (0.16 * size,) * 2, ink, solid=False)
    box = (pose.x - 0.3, pose.x + 0.3, pose.z - 0.25, pose.z - 0.12)
    return [*layers, Layer("traffic sign", sketch.parts, box)]


def direction_sign(world: World, place: Place) -> list[Layer]:
    """A large board with directions on two posts."""
    rng = world.rng
    pose = world.street.pose(*place)
    width, low, high = rng.uniform(1.6, 2.8), rng.uniform(1.6, 2.4), rng.uniform(2.9, 3.8)
    posts = [
        _pole(world, Pose(pose.x + s * 0.35 * width, pose.z, 0.0), high, 0.12) for s in (-1, 1)
    ]
    sketch = Sketch(world.camera, pose)
    board = np.array(((222, 184, 52), (38, 82, 160), (226, 226, 222))[rng.integers(3)])
    sketch.rectangle((-width / 2, width / 2, low, high), board, solid=True, along=0)
    ink = (36, 36, 38) if board.sum() > 400 else (228, 228, 224)
    for i in range(3):
        row = low + (0.22 + 0.26 * i) * (high - low)
        word = [(0, -0.4 * width, row), (0, rng.uniform(-0.1, 0.4) * width, row)]
        sketch.line(word, 0.12, ink, solid=False)
    box = (pose.x - width / 2, pose.x + width / 2, pose.z - 0.25, pose.z - 0.12)
    return [*posts, Layer("traffic sign", sketch.parts, box)]


def traffic_light(world: World, place: Place) -> list[Layer]:
    """A traffic light on a pole; some have a second one on an arm above the road."""
    rng = world.rng
    pose = world.street.pose(*place)
    arm = float(-np.sign(place[0]) * rng.uniform(2.0, 3.5)) if world.chance(0.35) else 0.0
    height = 5.2 if arm else 3.6
    post = _pole(world, pose, height, 0.26)
    lit = int(rng.integers(3))
    heads = [_lamps(world, pose, (0.0, rng.uniform(2.2, 2.6)), lit)]
    if arm:
        sketch = Sketch(world.camera, pose, post.parts)
        sketch.line([(0, 0, height - 0.1), (0, arm, height)], 0.16, pick(rng, POLES))
        heads.append(_lamps(world, pose, (arm, 4.9), lit))
    return [post, *heads]


def _lamps(world: World, pose: Pose, corner: tuple[float, float], lit: int) -> Layer:
    """The box with the three lamps; `corner` is its middle aside and its foot's height."""
    aside, low = corner
    sketch = Sketch(world.camera, pose)
    case = (aside - 0.29, aside + 0.29, low, low + 1.4)
    sketch.rectangle(case, (34, 36, 36), solid=True, along=0)
    for i, colour in enumerate(((60, 220, 130), (246, 190, 60), (240, 50, 40))):
        tone = np.array(colour) if i == lit else 0.3 * np.array(colour)
        sketch.blob([(0, aside, low + 0.26 + 0.44 * i)], (0.19,), tone, solid=False)
    box = (pose.x + aside - 0.3, pose.x + aside + 0.3, pose.z - 0.25, pose.z - 0.12)
    return Layer("traffic light", sketch.parts, box)


def litter(world: World, place: Place) -> list[Layer]:
    """A bin, a box or a heap of bags: void (static or dynamic), often in a car's colour."""
    rng = world.rng
    pose = world.street.pose(*place)
    sketch = Sketch(world.camera, pose)
    colour = pick(rng, PAINTS) if world.chance(0.6) else pick(rng, CLOTHES)
    width, height = rng.uniform(0.25, 0.7), rng.uniform(0.6, 1.4)
    sketch.tapered(width, 1.05 * width, height, colour)
    lid = (-1.1 * width, 1.1 * width, 0.85 * height, height)
    sketch.rectangle(lid, 0.7 * colour, solid=True, along=0)
    box = (pose.x - width, pose.x + width, pose.z - 0.3, pose.z + 0.3)
    label = str(rng.choice(["static", "dynamic"]))
    return [Layer(label, sketch.parts, box, height=height, texture=Texture(0.1, 0.4))]
