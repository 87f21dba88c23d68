"""Where the things of a scene stand, so that no two share their ground."""

from dataclasses import dataclass, field

import numpy as np

from mmhps.street_scenes.camera import Pose
from mmhps.street_scenes.sketch import Layer
from mmhps.street_scenes.street import World


@dataclass
class Stage:
    """The things placed so far; no two of them share their ground."""

    world: World
    layers: list[Layer] = field(default_factory=list)
    taken: list[tuple[float, float, float, float]] = field(default_factory=list)

    def put(self, layers: list[Layer], gap: float = 0.15) -> bool:
        """Place an object (with its rider) if its ground is free."""
        x0, x1, z0, z1 = layers[0].box
        if z0 < 3.5:
            return False
        for a0, a1, b0, b1 in self.taken:
            if x0 < a1 + gap and x1 > a0 - gap and z0 < b1 + gap and z1 > b0 - gap:
                return False
        self.taken.append((x0, x1, z0, z1))
        self.layers += layers
        return True

    def pose(self, x: float, z: float, heading: float, wobble: float = 0.05) -> Pose:
        """A pose in the street, a little off its heading."""
        return self.world.street.pose(x, z, heading + float(self.world.rng.normal(0, wobble)))


def seen_from(x: float) -> float:
    """Distance from which on something `x` metres aside is in the picture."""
    return max(6.0, abs(x) / 0.55)


def merged(label: str, layers: list[Layer]) -> Layer:
    """Objects that nobody would take apart, as one region of a `…group` label."""
    layers = sorted(layers, key=lambda layer: -layer.depth)
    boxes = np.array([layer.box for layer in layers])
    low, high = boxes.min(axis=0), boxes.max(axis=0)
    return Layer(
        label,
        [part for layer in layers for part in layer.parts],
        (low[0], high[1], low[2], high[3]),
        texture=layers[0].texture,
        height=layers[0].height,
    )
