"""Colours and light: what one city, and one picture, looks like."""

import zlib
from dataclasses import dataclass

import numpy as np

from mmhps.street_scenes.palettes import FACADES, FLEETS, LIVERIES, ROOFS, Colours, pick, pick_some


@dataclass(frozen=True)
class City:
    """What the pictures of one city share.

    Attributes:
        name: Folder and file name prefix.
        facades: Colours of houses, walls and some fences.
        roofs: Colours of roofs.
        fleet: Colours of buses, trams and lorries.
        asphalt: Colour of roads.
        paving: Colour of sidewalks.
        foliage: Colour of leaves and grass.
        greenery: Share of frontage that is green, 0..1.
        housing: Share of frontage that is closed house fronts, 0..1.
        hood: Height of the ego vehicle's bonnet as a share of the picture; 0 shows none.
        border: Whether a thin frame of the picture is out of roi.
    """

    name: str
    facades: Colours
    roofs: Colours
    fleet: Colours
    asphalt: np.ndarray
    paving: np.ndarray
    foliage: np.ndarray
    greenery: float
    housing: float
    hood: float
    border: bool

    def livery(self, rng: np.random.Generator, kind: str) -> np.ndarray:
        """A colour for a 'bus', 'truck' or 'train': mostly its own, else any of the city's."""
        return pick(rng, LIVERIES[kind] if rng.random() < 0.6 else self.fleet)


def make_city(seed: int, name: str) -> City:
    """The style of the city `name`, drawn from one distribution for all cities."""
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    grey = rng.uniform(86, 112)
    return City(
        name=name,
        facades=pick_some(rng, FACADES, 7),
        roofs=pick_some(rng, ROOFS, 3),
        fleet=pick_some(rng, FLEETS, 4),
        asphalt=np.array([grey, grey, grey + rng.uniform(-2, 6)]),
        paving=grey * rng.uniform(1.15, 1.45) * np.array([1.04, 1.0, rng.uniform(0.88, 0.98)]),
        foliage=np.array([rng.uniform(64, 92), rng.uniform(92, 112), rng.uniform(44, 62)]),
        greenery=rng.uniform(0.25, 0.5),
        housing=rng.uniform(0.2, 0.4),
        hood=rng.choice([0.0, 0.03, 0.06]),
        border=bool(rng.random() < 0.5),
    )


@dataclass(frozen=True)
class Light:
    """What one picture's light and lens do.

    Attributes:
        sun: Unit vector towards the sun.
        ambient: Brightness of a surface in the shade.
        direct: What the sun adds on a surface that faces it.
        shadow: Darkness of cast shadows, 0..1.
        zenith: Colour of the sky above.
        horizon: Colour of the sky at the horizon, and of haze.
        clouds: Contrast of the clouds.
        haze: Distance in metres over which colours fade to 1/e.
        gain: Colour gain (3,) of the sensor.
        gamma: Contrast exponent.
        noise: Standard deviation of the sensor's noise, in grey values.
        blur: Blur of the lens in pixels of a picture with 128 rows; grows with their square root.
        wet: Strength of reflections on the road, 0..1.
    """

    sun: np.ndarray
    ambient: float
    direct: float
    shadow: float
    zenith: np.ndarray
    horizon: np.ndarray
    clouds: float
    haze: float
    gain: np.ndarray
    gamma: float
    noise: float
    blur: float
    wet: float

    def shade(self, normal: np.ndarray) -> float:
        """Brightness of a surface with this unit normal (3,)."""
        return self.ambient + self.direct * max(0.0, float(normal @ self.sun))


def make_light(rng: np.random.Generator) -> Light:
    """Draw the light of one picture: sunny or overcast, clear or hazy, dry or wet."""
    sunny = rng.random() < 0.5
    angle = rng.uniform(-1.2, 1.2) * np.pi
    sun = np.array([np.sin(angle), rng.uniform(0.5, 1.2), -np.cos(angle)])
    horizon = rng.uniform(196, 232) * np.array([1.0, 1.0, 1.0])
    blue = np.array([rng.uniform(110, 160), rng.uniform(150, 185), rng.uniform(195, 225)])
    grey = rng.uniform(165, 215) * np.array([0.98, 1.0, 1.02])
    warm = rng.uniform(-0.06, 0.06)
    return Light(
        sun=sun / np.linalg.norm(sun),
        ambient=rng.uniform(0.62, 0.72) if sunny else rng.uniform(0.78, 0.9),
        direct=rng.uniform(0.4, 0.6) if sunny else rng.uniform(0.05, 0.2),
        shadow=rng.uniform(0.35, 0.5) if sunny else rng.uniform(0.15, 0.25),
        zenith=blue if sunny else grey,
        horizon=horizon,
        clouds=rng.uniform(0.02, 0.1),
        haze=rng.uniform(180, 500),
        gain=rng.uniform(0.8, 1.15) * np.array([1 + warm, 1.0, 1 - warm]),
        gamma=rng.uniform(0.9, 1.15),
        noise=rng.uniform(1.0, 3.5),
        blur=rng.uniform(0.32, 0.64),
        wet=float(rng.uniform(0.1, 0.35)) if not sunny and rng.random() < 0.35 else 0.0,
    )
