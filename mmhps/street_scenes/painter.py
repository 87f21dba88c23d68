"""From shapes to a picture: colours, textures, shadows, haze, lens and sensor."""

from functools import cache

import cv2
import numpy as np

from mmhps.street_scenes.camera import NEAR, flat
from mmhps.street_scenes.raster import ZOOM, Shape, draw_part
from mmhps.street_scenes.sketch import GROUND, STREET, Layer, Sketch
from mmhps.street_scenes.street import World

_BANK = 256  # pixels; side of the noise pattern
_BLOT = 5.0  # pixels; size of a blot in it


@cache
def _noise() -> np.ndarray:
    """A periodic noise pattern (256, 256), mean 0 and standard deviation 1."""
    white = np.random.default_rng(20).standard_normal((_BANK, _BANK))
    spectrum = np.fft.fft2(white)
    frequency = np.fft.fftfreq(_BANK)
    radius = np.hypot(frequency[:, None], frequency[None])
    smooth = np.fft.ifft2(spectrum * np.exp(-((radius * _BLOT) ** 2))).real
    return (smooth / smooth.std()).astype(np.float32)


def _sample(columns: np.ndarray, rows: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """The noise pattern at coordinates in units of a blot."""
    x = columns * np.float32(_BLOT) + np.float32(offset[0])
    y = rows * np.float32(_BLOT) + np.float32(offset[1])
    return cv2.remap(_noise(), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)


class Painter:
    """Paints one scene.

    Args:
        world: The scene's camera and light.
        rng: Randomness of textures and sensor, apart from the scene's own.
    """

    def __init__(self, world: World, rng: np.random.Generator):
        self.world, self.rng = world, rng
        self.camera, self.light = world.camera, world.light
        self.ground_x, self.ground_z = world.camera.ground(ZOOM)
        self.canvas = self._sky()

    def paint(self, shapes: list[Shape]) -> np.ndarray:
        """The finished picture (H, W, 3), uint8 RGB, of shapes in painter's order."""
        ground = [shape for shape in shapes if shape.layer.rank <= GROUND]
        rest = [shape for shape in shapes if shape.layer.rank > GROUND]
        for shape in ground:
            self._add(shape)
        self._haze_ground()
        self._shadows([shape.layer for shape in rest])
        if self.light.wet:
            self._reflections([shape.layer for shape in rest])
        for shape in rest:
            self._add(shape)
        return self._develop()

    def _sky(self) -> np.ndarray:
        """The sky, from the zenith's to the horizon's colour, with clouds."""
        height, width = self.ground_x.shape
        share = np.arange(height) / (ZOOM * self.camera.horizon)
        share = share.clip(0, 1)[:, None, None]
        sky = (1 - share) * self.light.zenith + share * self.light.horizon
        y, x = np.mgrid[:height, :width].astype(np.float32) / height
        clouds = _sample(4 * x, 9 * y, self.rng.uniform(0, _BANK, 2))
        sky = sky * (1 + self.light.clouds * clouds[..., None])
        return np.clip(sky, 0, 255).astype(np.uint8)

    def _add(self, shape: Shape) -> None:
        """Paint one shape over what is there."""
        window = tuple(slice(ZOOM * s.start, ZOOM * s.stop) for s in shape.window)
        under = self.canvas[window]
        patch = under.copy()
        layer = shape.layer
        fade = 0.0 if layer.rank == GROUND else 1 - np.exp(-layer.depth / self.light.haze)
        parts = [part for part in layer.parts if part.colour is not None]
        colours = np.array([part.colour for part in parts]).reshape(-1, 3)
        colours = (1 - fade) * colours + fade * self.light.horizon
        for part, colour in zip(parts, colours.tolist(), strict=True):
            if part.alpha < 1:
                veil = patch.copy()
                draw_part(veil, part, shape.origin, colour)
                patch = cv2.addWeighted(veil, part.alpha, patch, 1 - part.alpha, 0)
            else:
                draw_part(patch, part, shape.origin, colour)
        if layer.texture:
            patch = self._texture(patch, layer, window)
        reach = cv2.dilate(shape.mask.astype(np.uint8), np.ones((3, 3), np.uint8))
        reach = cv2.resize(reach, None, fx=ZOOM, fy=ZOOM, interpolation=cv2.INTER_NEAREST)
        cv2.copyTo(patch, reach, under)

    def _texture(self, patch: np.ndarray, layer: Layer, window: tuple[slice, slice]) -> np.ndarray:
        """Light and dark blots on a patch of the canvas."""
        texture, offset = layer.texture, self.rng.uniform(0, _BANK, 2)
        if texture.kind in ("ground", "paving"):
            size = float(texture.size)
            x, z = self.ground_x[window] / size, self.ground_z[window] / size
            blot = np.float32(ZOOM * self.camera.focal) / z
            light = texture.amount * np.minimum(1.0, 0.3 * blot) * _sample(x, z, offset)
            if texture.kind == "paving":
                light = light + self._joints(window)
            tint = light
        else:
            blot = float(ZOOM * self.camera.focal * texture.size / max(layer.depth, NEAR))
            y, x = np.mgrid[: patch.shape[0], : patch.shape[1]].astype(np.float32) / blot
            light = texture.amount * min(1.0, 0.5 * blot) * _sample(x, y, offset)
            tint = light
            if texture.kind == "leaf":
                fine = texture.amount * min(1.0, 0.2 * blot) * _sample(3 * x, 3 * y, offset)
                light, tint = light + 0.7 * fine, 1.3 * light + fine
        gain = np.stack([1 + tint, 1 + light, 1 + light], axis=-1)
        return np.clip(patch * gain, 0, 255).astype(np.uint8)

    def _joints(self, window: tuple[slice, slice]) -> np.ndarray:
        """Dark lines between paving slabs, fading with the distance."""
        x, z = self.ground_x[window], self.ground_z[window]
        joint = ((x % 1.0) < 0.08) | ((z % 1.0) < 0.12)
        return -0.12 * joint * np.clip(1.6 - z / 12, 0, 1)

    def _haze_ground(self) -> None:
        fade = (1 - np.exp(-self.ground_z / self.light.haze))[..., None]
        first = int(ZOOM * self.camera.horizon)
        below = self.canvas[first:].astype(np.float32)
        below += fade[first:] * (self.light.horizon.astype(np.float32) - below)
        self.canvas[first:] = np.clip(below, 0, 255).astype(np.uint8)

    def _shadows(self, layers: list[Layer]) -> None:
        """Darken the ground under and behind everything that stands in the street."""
        shade = np.zeros(self.canvas.shape[:2], dtype=np.uint8)
        reach = 0.7 if self.light.direct > 0.3 else 0.1
        slide = -reach * self.light.sun[[0, 2]] / self.light.sun[1]
        for layer in layers:
            if layer.rank != STREET or not layer.height:
                continue
            x0, x1, z0, z1 = layer.box
            foot = np.array([(x0, z0), (x1, z0), (x1, z1), (x0, z1)])
            fallen = np.concatenate([foot, foot + slide * min(layer.height, 4.0)])
            hull = cv2.convexHull(fallen.astype(np.float32))[:, 0]
            hull[:, 1] = np.maximum(hull[:, 1], 1.0)
            sketch = Sketch(self.camera, flat)
            sketch.face(hull, (255,))
            draw_part(shade, sketch.parts[0], (0, 0), (255,))
        soft = max(1.0, 0.006 * shade.shape[0])
        shade = cv2.GaussianBlur(shade, (0, 0), soft).astype(np.float32) / 255
        shade[: max(0, int(ZOOM * self.camera.horizon))] = 0
        dark = 1 - self.light.shadow * shade[..., None]
        self.canvas = (self.canvas * dark).astype(np.uint8)

    def _reflections(self, layers: list[Layer]) -> None:
        """Blurred mirror images on a wet road."""
        mirror = self.canvas.copy()
        for layer in layers:
            if layer.rank != STREET or not layer.height:
                continue
            foot = self.camera.project(np.array([0.0, 0.0, max(layer.box[2], NEAR)]))[1]
            for part in layer.parts:
                if part.colour is None or not part.solid:
                    continue
                flipped = part.points * np.array([1, -1]) + np.array([0, 2 * foot])
                copy = type(part)(flipped, part.colour, stroke=part.stroke)
                draw_part(mirror, copy, (0, 0), tuple(float(c) for c in part.colour))
        soft = max(1.0, 0.012 * mirror.shape[0])
        mirror = cv2.GaussianBlur(mirror, (0, 0), 0.4 * soft, sigmaY=soft)
        first = max(0, int(ZOOM * self.camera.horizon))
        self.canvas[first:] = cv2.addWeighted(
            mirror[first:], self.light.wet, self.canvas[first:], 1 - self.light.wet, 0
        )

    def _develop(self) -> np.ndarray:
        """Reduce, blur, expose, add noise."""
        size = (self.camera.width, self.camera.height)
        image = cv2.resize(self.canvas, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        image = cv2.GaussianBlur(image, (0, 0), max(0.3, self.light.blur * (size[1] / 128) ** 0.5))
        image = 255 * (image / 255) ** np.float32(self.light.gamma) * self.light.gain
        image += self.rng.standard_normal(image.shape, dtype=np.float32) * self.light.noise
        return np.clip(np.round(image), 0, 255).astype(np.uint8)
