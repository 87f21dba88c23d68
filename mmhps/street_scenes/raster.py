"""From layers to label polygons: silhouettes, painter's order, and what is hidden."""

from dataclasses import dataclass

import cv2
import numpy as np
from cityscapesscripts.helpers.labels import labels
from PIL import Image, ImageDraw

from mmhps.street_scenes.sketch import FRONTS, STREET, Layer, Part

ZOOM = 2  # pictures and silhouettes are drawn this much larger, then reduced
_SHIFT = 4  # fractional bits of cv2's polygon corners
_COVERED = 150  # of 255; a pixel that is painted to this share is labelled
THINGS = frozenset(label.name for label in labels if label.hasInstances and not label.ignoreInEval)


@dataclass
class Shape:
    """A layer with the polygons that label it.

    Attributes:
        layer: The layer.
        polygons: Integer pixel polygons (n, 2) within the picture; one for a thing.
        mask: Boolean (h, w): the pixels that the polygons fill.
        origin: (column, row) of the mask's corner in the picture.
    """

    layer: Layer
    polygons: list[np.ndarray]
    mask: np.ndarray
    origin: tuple[int, int]

    @property
    def window(self) -> tuple[slice, slice]:
        """Where the mask lies in the picture."""
        x, y = self.origin
        return slice(y, y + self.mask.shape[0]), slice(x, x + self.mask.shape[1])


def draw_part(image: np.ndarray, part: Part, origin: tuple[int, int], colour: tuple) -> None:
    """Draw one part into `image`, a picture enlarged ZOOM times whose corner is at `origin`."""
    points = (part.points - origin) * (ZOOM << _SHIFT) + ((ZOOM - 1) << (_SHIFT - 1))
    points = np.rint(points).astype(np.int32)
    if part.stroke:
        width = max(1, round(part.stroke * ZOOM))
        cv2.polylines(image, [points], False, colour, width, cv2.LINE_AA, _SHIFT)
    else:
        cv2.fillPoly(image, [points], colour, cv2.LINE_AA, _SHIFT)


def _bounds(parts: list[Part], size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    points = np.concatenate([part.points for part in parts])
    width = max(part.stroke for part in parts)
    low = np.maximum(np.floor(points.min(axis=0) - 1 - width), 0).astype(int)
    high = np.minimum(np.ceil(points.max(axis=0) + 2 + width), size).astype(int)
    return (*low, *high) if (low < high).all() else None


def fill(polygons: list[np.ndarray], origin: tuple[int, int], shape: tuple[int, int]) -> np.ndarray:
    """Boolean mask of the polygons, filled by PIL just as cityscapesscripts fills them."""
    image = Image.new("L", (shape[1], shape[0]))
    drawer = ImageDraw.Draw(image)
    for polygon in polygons:
        drawer.polygon([(int(x), int(y)) for x, y in polygon - np.asarray(origin)], fill=1)
    return np.asarray(image, dtype=bool)


def silhouette(layer: Layer, size: tuple[int, int]) -> Shape | None:
    """The label polygons of a layer, or None if nothing of it is in the picture.

    Args:
        layer: What to outline.
        size: Width and height of the picture.
    """
    solid = [part for part in layer.parts if part.solid]
    bounds = _bounds(solid, size)
    if bounds is None:
        return None
    x0, y0, x1, y1 = bounds
    cover = np.zeros((ZOOM * (y1 - y0), ZOOM * (x1 - x0)), dtype=np.uint8)
    for part in solid:
        draw_part(cover, part, (x0, y0), (255,))
    cover = cv2.resize(cover, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
    cover = (cover >= _COVERED).astype(np.uint8)
    contours, _ = cv2.findContours(cover, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    contours = sorted((c[:, 0] for c in contours if len(c) > 1), key=_area, reverse=True)
    if layer.label in THINGS:
        contours = contours[:1]
    if not contours:
        return None
    # A line of pixels has two corners, a polygon at least three.
    polygons = [contour[[0, 1, 1]] if len(contour) == 2 else contour for contour in contours]
    polygons = [polygon + np.array((x0, y0)) for polygon in polygons]
    return Shape(layer, polygons, fill(polygons, (x0, y0), cover.shape), (x0, y0))


def _area(contour: np.ndarray) -> float:
    return cv2.contourArea(contour)


def in_order(layers: list[Layer]) -> list[Layer]:
    """Painter's order: by rank, and within the street by which footprint hides which.

    Of two footprints, the one that lies entirely farther away is painted first; where their
    distances overlap, the one farther aside (or with the farther middle) is.
    """
    ordered = [
        layer for layer in sorted(layers, key=lambda layer: layer.rank) if layer.rank < STREET
    ]
    lens = [layer for layer in layers if layer.rank > STREET]
    street = sorted(
        (layer for layer in layers if layer.rank == STREET), key=lambda layer: -layer.depth
    )
    before = _behind(street)
    left = np.ones(len(street), dtype=bool)
    for _ in street:
        blocked = (before & left[:, None]).any(axis=0)
        ready = np.flatnonzero(left & ~blocked)
        chosen = ready[0] if len(ready) else np.flatnonzero(left)[0]
        left[chosen] = False
        ordered.append(street[chosen])
    return ordered + lens


def _behind(layers: list[Layer]) -> np.ndarray:
    """(n, n) booleans: layer i must be painted before layer j, with which it shares columns."""
    x0, x1, z0, z1 = np.array([layer.box for layer in layers]).reshape(-1, 4).T
    columns = np.array([_columns(layer) for layer in layers]).reshape(-1, 2)
    meet = (columns[:, None, 0] < columns[None, :, 1]) & (columns[None, :, 0] < columns[:, None, 1])
    farther = z0[:, None] >= z1[None]
    apart = farther | farther.T
    outside = ((x0[:, None] >= x1[None]) & (x1[None] > 0)) | (
        (x1[:, None] <= x0[None]) & (x0[None] < 0)
    )
    aside = outside & ~outside.T
    rank = np.arange(len(layers))
    middle = (rank[:, None] < rank[None]) & ~aside & ~aside.T
    return meet & (farther | (~apart & (aside | middle)))


def _columns(layer: Layer) -> tuple[float, float]:
    """The range of picture columns that a layer covers."""
    columns = [part.points[:, 0] for part in layer.parts if part.solid]
    return min(c.min() for c in columns), max(c.max() for c in columns)


def visible(shapes: list[Shape], size: tuple[int, int]) -> list[Shape]:
    """Drop what the layers in front hide, and things of which too little shows to be labelled.

    Args:
        shapes: All shapes in painter's order.
        size: Width and height of the picture.

    Returns:
        The shapes to paint and to label, in the same order.
    """
    taken = np.zeros((size[1], size[0]), dtype=bool)
    smallest = max(4.0, 0.0012 * size[0] * size[1])
    kept = []
    for shape in reversed(shapes):
        shown = shape.mask & ~taken[shape.window]
        area = int(shown.sum())
        if shape.layer.label in THINGS:
            hidden = area < smallest or area < 0.25 * shape.mask.sum()
        else:
            crumb = {FRONTS: smallest, STREET: smallest / 4}
            hidden = area < crumb.get(shape.layer.rank, 1)
        if not hidden:
            taken[shape.window] |= shape.mask
            kept.append(shape)
    return kept[::-1]
