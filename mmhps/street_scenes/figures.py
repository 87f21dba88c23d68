"""People: on foot (person) or seated on a vehicle (rider), drawn by the same functions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmhps.street_scenes.camera import Pose
from mmhps.street_scenes.palettes import BRIGHTS, CLOTHES, HAIRS, SKINS, TROUSERS, pick
from mmhps.street_scenes.sketch import Layer, Sketch, Texture
from mmhps.street_scenes.street import World

Joints = dict[str, tuple[tuple[float, float], tuple[float, float]]]
"""(ahead, height) of each joint on the left and on the right, as shares of the body height."""

SPREAD = {"hip": 0.055, "knee": 0.06, "foot": 0.06, "shoulder": 0.1, "elbow": 0.15, "hand": 0.14}
"""How far each joint lies from the middle of the body, as a share of the body height."""


@dataclass
class Figure:
    """Someone being drawn; all measures are shares of the body height.

    Attributes:
        sketch: Where to draw; its frame faces ahead.
        world: Randomness and light.
        size: Body height in metres.
        joints: The pose.
    """

    sketch: Sketch
    world: World
    size: float
    joints: Joints

    @property
    def away(self) -> bool:
        """Whether the figure turns its back to the camera."""
        return self.sketch.frame.viewer(0.0)[0] < 0

    def blob(self, centres: Sequence, radii: Sequence[float], colour: np.ndarray) -> None:
        """Draw the convex hull of balls."""
        self.sketch.blob(np.array(centres) * self.size, np.array(radii) * self.size, colour)

    def limbs(self, chain: Sequence[str], radii: Sequence[float], colour: np.ndarray) -> None:
        """Draw the left and the right limb through the joints of `chain`."""
        for side, sign, tone in ((0, -1, 1.0), (1, 1, 0.82)):
            places = [(self.joints[name][side], sign * SPREAD[name]) for name in chain]
            points = [(ahead, aside, up) for (ahead, up), aside in places]
            for i in range(len(points) - 1):
                self.blob(points[i : i + 2], radii[i : i + 2], colour * tone)

    def trunk(self, stout: float, shirt: np.ndarray) -> None:
        """Draw the trunk, sometimes with a coat or skirt, sometimes with a rucksack."""
        (chest, neck), (seat, hip) = self.joints["shoulder"][0], self.joints["hip"][0]
        wide, low = 0.075 * stout, hip + 0.01
        rng, on_foot = self.world.rng, seat == 0
        drop = rng.uniform(0.12, 0.24) if on_foot and self.world.chance(0.3) else 0.0
        hem = wide - 0.015 + 0.2 * drop
        centres = [(chest, s * wide, neck - 0.02) for s in (-1, 1)]
        centres += [(seat + 0.01, s * hem, low - drop) for s in (-1, 1)]
        pack, colour = self.world.chance(0.25), pick(rng, CLOTHES)
        behind = [(chest - 0.11, 0, neck - 0.05), (0.5 * (chest + seat) - 0.11, 0, low + 0.1)]
        if pack and not self.away:
            self.blob(behind, (0.06, 0.07), colour)
        self.blob(centres, np.array((0.055, 0.055, 0.06, 0.06)) * np.sqrt(stout), shirt)
        if pack and self.away:
            self.blob(behind, (0.06, 0.07), colour)

    def head(self, skin: np.ndarray, cap: np.ndarray, deep: bool) -> None:
        """Draw the head under hair or, if `deep`, under a cap or helmet."""
        ahead, up = self.joints["head"][0]
        self.blob([(ahead, 0, up - 0.02), (ahead, 0, up + 0.02)], (0.055, 0.06), skin)
        rim = up if self.away or deep else up + 0.03
        crown = [(ahead - 0.01, 0, rim + 0.005), (ahead - 0.01, 0, up + 0.03)]
        self.blob(crown, (0.05, 0.058), cap)


def _stand(rng: np.random.Generator) -> Joints:
    """Joints of someone who stands or walks."""
    stride = rng.uniform(-0.2, 0.2) if rng.random() < 0.7 else 0.0
    bend = 0.04 if stride else 0.0
    return {
        "hip": ((0, 0.5), (0, 0.5)),
        "knee": ((0.5 * stride + bend, 0.28), (-0.5 * stride + bend, 0.28)),
        "foot": ((stride, 0.03), (-stride, 0.03)),
        "shoulder": ((0.02, 0.8), (0.02, 0.8)),
        "elbow": ((-0.5 * stride, 0.63), (0.5 * stride, 0.63)),
        "hand": ((-0.7 * stride + 0.06, 0.47), (0.7 * stride + 0.06, 0.47)),
        "head": ((0.03, 0.92), (0.03, 0.92)),
    }


def _sit(rng: np.random.Generator, upright: bool) -> Joints:
    """Joints of someone who rides, above the middle of the vehicle."""
    turn = rng.uniform(0, np.pi)
    left, right = (
        (0.06 + 0.1 * np.cos(angle), 0.17 + 0.1 * np.sin(angle)) for angle in (turn, turn + np.pi)
    )
    lean = 0.1 if upright else rng.uniform(0.12, 0.24)
    return {
        "hip": ((-0.11, 0.54), (-0.11, 0.54)),
        "knee": ((0.13, 0.27 + 0.6 * left[1]), (0.13, 0.27 + 0.6 * right[1])),
        "foot": (left, right),
        "shoulder": ((-0.11 + lean, 0.83), (-0.11 + lean, 0.83)),
        "elbow": ((0.06 + 0.5 * lean, 0.68), (0.06 + 0.5 * lean, 0.68)),
        "hand": ((0.24, 0.59), (0.24, 0.59)),
        "head": ((-0.07 + 1.2 * lean, 0.95), (-0.07 + 1.2 * lean, 0.95)),
    }


def draw_body(sketch: Sketch, world: World, size: float, seated: str = "") -> None:
    """Draw someone into `sketch`, whose frame faces ahead.

    Args:
        sketch: Where to draw.
        world: Randomness and light.
        size: Body height in metres.
        seated: '' on foot, or 'bicycle' or 'motorcycle'.
    """
    rng = world.rng
    joints = _sit(rng, upright=seated == "motorcycle") if seated else _stand(rng)
    figure = Figure(sketch, world, size, joints)
    shade = 0.5 * (world.light.shade(np.array([0.0, 0.0, -1.0])) + 1.0)
    bright = seated and world.chance(0.4)
    shirt = shade * pick(rng, BRIGHTS if bright else CLOTHES, 0.12)
    trousers = shade * pick(rng, TROUSERS, 0.12)
    skin, hair = shade * pick(rng, SKINS), shade * pick(rng, HAIRS)
    stout = rng.uniform(0.95, 1.25)
    figure.limbs(("hip", "knee", "foot"), (0.062 * stout, 0.046 * stout, 0.036), trousers)
    figure.trunk(stout, shirt)
    arm = (0.046 * stout, 0.038 * stout, 0.026)
    figure.limbs(("shoulder", "elbow", "hand"), arm, 0.92 * shirt)
    covered = world.chance({"": 0.08, "bicycle": 0.6, "motorcycle": 0.95}[seated])
    cap = shade * pick(rng, BRIGHTS if seated else CLOTHES)
    figure.head(skin, cap if covered else hair, deep=covered)


def body_size(world: World) -> float:
    """A body height in metres; about one in eight is a child."""
    if world.chance(0.12):
        return world.rng.uniform(1.05, 1.45)
    return float(np.clip(world.rng.normal(1.74, 0.08), 1.55, 1.95))


def person(world: World, pose: Pose) -> Layer:
    """Someone on foot."""
    size = body_size(world)
    sketch = Sketch(world.camera, pose)
    draw_body(sketch, world, size)
    box = (pose.x - 0.25, pose.x + 0.25, pose.z - 0.2, pose.z + 0.2)
    return Layer("person", sketch.parts, box, height=size, texture=Texture(0.08, 0.25))
