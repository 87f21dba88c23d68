"""Where a point of the street lands in the picture.

World coordinates are metres: x to the right of the camera, y above the ground, z ahead. Pixels are
(column, row) with integer values at pixel centres.
"""

from dataclasses import dataclass

import numpy as np

NEAR = 0.7  # metres; whatever is closer is drawn as if it stood here


@dataclass(frozen=True)
class Camera:
    """A level pinhole camera.

    Attributes:
        width: Picture width in pixels.
        height: Picture height in pixels.
        focal: Focal length in pixels.
        column: Column of the vanishing point.
        horizon: Row of the horizon.
        eye: Height above the ground in metres.
    """

    width: int
    height: int
    focal: float
    column: float
    horizon: float
    eye: float

    def project(self, points: np.ndarray) -> np.ndarray:
        """Pixels (..., 2) of world points (..., 3)."""
        points = np.asarray(points, dtype=float)
        scale = self.focal / np.maximum(points[..., 2], NEAR)
        pixels = np.empty((*points.shape[:-1], 2))
        pixels[..., 0] = self.column + scale * points[..., 0]
        pixels[..., 1] = self.horizon + scale * (self.eye - points[..., 1])
        return pixels

    def sees(self, points: np.ndarray) -> bool:
        """Whether the picture's columns hold anything between these world points (n, 3)."""
        columns = self.project(points)[:, 0]
        return bool(columns.max() > 0 and columns.min() < self.width)

    def ground(self, zoom: int) -> tuple[np.ndarray, np.ndarray]:
        """World x and z of the ground under each pixel of the picture enlarged `zoom` times.

        Returns:
            Two float32 arrays of shape (zoom·height, zoom·width); pixels above the horizon get the
            far end of the street.
        """
        rows = (np.arange(zoom * self.height, dtype=np.float32) + 0.5) / zoom - 0.5
        columns = (np.arange(zoom * self.width, dtype=np.float32) + 0.5) / zoom - 0.5
        drop = np.maximum(rows - self.horizon, 0.004 * self.height)
        depth = (self.focal * self.eye / drop)[:, None]
        x = (columns - self.column)[None] * depth / self.focal
        return x.astype(np.float32), np.broadcast_to(depth, x.shape).astype(np.float32)


@dataclass(frozen=True)
class Pose:
    """Frame of something that stands on the ground: (length ahead, width to its right, height).

    Heading 0 looks away from the camera, π towards it.
    """

    x: float
    z: float
    heading: float

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """World coordinates (n, 3) of local points (n, 3)."""
        points = np.asarray(points, dtype=float)
        sine, cosine = np.sin(self.heading), np.cos(self.heading)
        along, aside, up = points[..., 0], points[..., 1], points[..., 2]
        world = np.empty(points.shape)
        world[..., 0] = self.x + along * sine + aside * cosine
        world[..., 1] = up
        world[..., 2] = self.z + along * cosine - aside * sine
        return world

    def turn(self, along: float, aside: float, up: float = 0.0) -> np.ndarray:
        """World direction (3,) of a local direction."""
        return self(np.array([along, aside, up])) - np.array([self.x, 0.0, self.z])

    def viewer(self, eye: float) -> tuple[float, float, float]:
        """Local coordinates of the camera."""
        sine, cosine = np.sin(self.heading), np.cos(self.heading)
        return (-self.x * sine - self.z * cosine, -self.x * cosine + self.z * sine, eye)


@dataclass(frozen=True)
class Plane:
    """Frame of an upright surface: (distance along its foot, height)."""

    start: tuple[float, float]
    end: tuple[float, float]

    @property
    def length(self) -> float:
        """Length of the foot in metres."""
        return float(np.hypot(self.end[0] - self.start[0], self.end[1] - self.start[1]))

    @property
    def normal(self) -> np.ndarray:
        """The horizontal unit normal (3,) on the camera's side."""
        along = (np.array(self.end) - np.array(self.start)) / max(self.length, 1e-6)
        normal = np.array([-along[1], 0.0, along[0]])
        towards = -np.array([self.start[0], 0.0, self.start[1]])
        return normal if normal @ towards >= 0 else -normal

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """World coordinates (n, 3) of points (n, 2)."""
        points = np.asarray(points, dtype=float)
        share = points[..., 0] / max(self.length, 1e-6)
        world = np.empty((*points.shape[:-1], 3))
        world[..., 0] = self.start[0] + share * (self.end[0] - self.start[0])
        world[..., 1] = points[..., 1]
        world[..., 2] = self.start[1] + share * (self.end[1] - self.start[1])
        return world


def flat(points: np.ndarray) -> np.ndarray:
    """Frame of the ground: world (n, 3) of (x, z) points (n, 2)."""
    points = np.asarray(points, dtype=float)
    return np.stack([points[..., 0], np.zeros(points.shape[:-1]), points[..., 1]], axis=-1)
