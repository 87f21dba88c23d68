"""The plan of one street, before anything stands on it."""

from dataclasses import dataclass

import numpy as np

from mmhps.street_scenes.camera import Camera, Pose
from mmhps.street_scenes.style import City, Light

FAR = 130.0  # metres; the end of the street


@dataclass(frozen=True)
class Side:
    """What lies beside the road, from the kerb outwards; widths in metres, 0 for nothing.

    Attributes:
        sign: +1 right of the road, -1 left.
        kerb: Distance |x| of the road's edge.
        rails: Width of a tram track.
        parking: Width of a parking strip.
        across: Whether cars park at right angles to the street.
        verge: Width of a green strip.
        walk: Width of the sidewalk.
    """

    sign: int
    kerb: float
    rails: float
    parking: float
    across: bool
    verge: float
    walk: float

    @property
    def strips(self) -> list[tuple[str, float, float]]:
        """(kind, inner |x|, outer |x|) of each strip beside the road."""
        strips, inner = [], self.kerb
        for kind in ("rails", "parking", "verge", "walk"):
            width = getattr(self, kind)
            if width:
                strips.append((kind, inner, inner + width))
                inner += width
        return strips

    @property
    def front(self) -> float:
        """Distance |x| of the house fronts, fences and hedges."""
        return self.kerb + self.rails + self.parking + self.verge + self.walk

    def between(self, kind: str) -> tuple[float, float] | None:
        """Inner and outer |x| of a strip, or None where there is none."""
        for name, inner, outer in self.strips:
            if name == kind:
                return inner, outer
        return None


@dataclass(frozen=True)
class Street:
    """Plan of a street.

    Attributes:
        bend: Curvature in 1/m: the street is displaced by bend · z² at distance z.
        lanes: (x, heading) of each lane's middle, the camera's own first.
        left: What lies to the left of the road.
        right: What lies to its right.
        crossing: (z0, z1) of a crossing street, or None.
    """

    bend: float
    lanes: tuple[tuple[float, float], ...]
    left: Side
    right: Side
    crossing: tuple[float, float] | None

    @property
    def sides(self) -> tuple[Side, Side]:
        """Left and right side."""
        return self.left, self.right

    def at(self, x: float, z: float) -> tuple[float, float]:
        """World (x, z) of a place in the plan."""
        return x + self.bend * z * z, z

    def pose(self, x: float, z: float, heading: float = 0.0) -> Pose:
        """Frame of something that stands at a place in the plan."""
        return Pose(*self.at(x, z), heading + float(np.arctan(2 * self.bend * z)))

    def is_open(self, z0: float, z1: float) -> bool:
        """Whether a crossing street needs the frontage between z0 and z1."""
        return self.crossing is not None and z0 < self.crossing[1] and z1 > self.crossing[0]


@dataclass
class World:
    """Everything that a drawing function needs to know."""

    rng: np.random.Generator
    camera: Camera
    light: Light
    city: City
    street: Street

    def chance(self, share: float) -> bool:
        """True with the given probability."""
        return bool(self.rng.random() < share)


def make_side(rng: np.random.Generator, sign: int, kerb: float, tram: bool, city: City) -> Side:
    """Draw what lies beside the road."""
    across = bool(rng.random() < 0.2)
    parking = (4.9 if across else 2.2) if rng.random() < 0.45 else 0.0
    return Side(
        sign=sign,
        kerb=kerb,
        rails=3.4 if tram else 0.0,
        parking=parking,
        across=across,
        verge=rng.uniform(1.2, 3.0) if rng.random() < city.greenery + 0.1 else 0.0,
        walk=rng.uniform(2.0, 3.8),
    )


def make_street(rng: np.random.Generator, city: City, tram: bool) -> Street:
    """Draw a street with the camera in its rightmost or second lane from the right.

    Args:
        rng: Source of randomness.
        city: The city's style.
        tram: Whether a tram track runs beside the road.
    """
    width = rng.uniform(2.9, 3.5)
    offset = rng.uniform(-0.4, 0.4)
    beside, oncoming = int(rng.random() < 0.2), 1 + int(rng.random() < 0.35)
    lanes = [(offset, 0.0)]
    lanes += [(offset + width, 0.0)] * beside
    lanes += [(offset - width * (i + 1), np.pi) for i in range(oncoming)]
    tram_side = -1 if rng.random() < 0.6 else 1
    left = make_side(rng, -1, width * (oncoming + 0.5) - offset, tram and tram_side < 0, city)
    right = make_side(rng, 1, width * (beside + 0.5) + offset, tram and tram_side > 0, city)
    crossing = None
    if rng.random() < 0.4:
        start = rng.uniform(12, 28)
        crossing = (start, start + rng.uniform(7, 11))
    bend = rng.normal(0, 0.0008) if rng.random() < 0.5 else 0.0
    return Street(float(np.clip(bend, -0.002, 0.002)), tuple(lanes), left, right, crossing)


def make_camera(rng: np.random.Generator, width: int, height: int, high: bool) -> Camera:
    """Draw a camera behind a windscreen: its direction and focal length vary a little.

    Args:
        rng: Source of randomness.
        width: Picture width in pixels.
        height: Picture height in pixels.
        high: Whether it looks out of a lorry, over the heads of a crowd, or out of a car.
    """
    return Camera(
        width=width,
        height=height,
        focal=height * rng.uniform(1.6, 1.9),
        column=width * rng.uniform(0.4, 0.6),
        horizon=height * rng.uniform(0.38, 0.48),
        eye=rng.uniform(2.6, 3.1) if high else rng.uniform(1.6, 2.3),
    )
