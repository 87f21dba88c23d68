"""One picture and its annotation from (seed, split, index)."""

import zlib

import numpy as np

from mmhps.street_scenes.ground import ground
from mmhps.street_scenes.painter import Painter
from mmhps.street_scenes.raster import in_order, silhouette, visible
from mmhps.street_scenes.roadside import roadside
from mmhps.street_scenes.sketch import LENS, SKY, Layer, Part
from mmhps.street_scenes.street import World, make_camera, make_street
from mmhps.street_scenes.style import City, make_city, make_light
from mmhps.street_scenes.traffic import traffic

CITIES = {"train": ("aarbruck", "birkenau", "celmstadt"), "val": ("dornfurt", "eichhafen")}
# Each picture certainly holds one of these sets; every class is in two of five.
FEATURES = (
    ("bus", "motorcycle"),
    ("truck", "train"),
    ("bus",),
    ("train", "motorcycle"),
    ("truck",),
)


def stem(split: str, index: int) -> str:
    """Name of picture `index` of a split, without the ending: city_sequence_frame."""
    names = CITIES[split]
    return f"{names[index % len(names)]}_{index:06d}_000019"


def draw_scene(seed: int, split: str, index: int, size: tuple[int, int]) -> tuple[np.ndarray, dict]:
    """Draw one street scene.

    The same arguments give the same picture, whatever else is drawn.

    Args:
        seed: Seed of the whole data set.
        split: 'train' or 'val'.
        index: Number of the picture in its split, from 0.
        size: Width and height in pixels.

    Returns:
        The picture (height, width, 3), uint8 RGB, and the annotation as it stands in Cityscapes'
        `*_gtFine_polygons.json`, its polygons in painter's order.
    """
    plan, paint = (
        np.random.default_rng([seed, zlib.crc32(split.encode()), index, stream])
        for stream in range(2)
    )
    city = make_city(seed, stem(split, index).split("_")[0])
    features = FEATURES[(index // len(CITIES[split])) % len(FEATURES)]
    tram = "train" in features or plan.random() < 0.1
    busy = index % 20 == 7
    camera, light = make_camera(plan, *size, high=busy), make_light(plan)
    world = World(plan, camera, light, city, make_street(plan, city, tram))
    layers = [_sky(size), *ground(world), *roadside(world), *_lens(city, size)]
    if index % 25 != 13:
        layers += traffic(world, features, busy=busy)
    shapes = [silhouette(layer, size) for layer in in_order(layers)]
    shapes = visible([shape for shape in shapes if shape is not None], size)
    objects = [
        {"label": shape.layer.label, "polygon": polygon.tolist()}
        for shape in shapes
        for polygon in shape.polygons
    ]
    annotation = {"imgHeight": size[1], "imgWidth": size[0], "objects": objects}
    return Painter(world, paint).paint(shapes), annotation


def _whole(size: tuple[int, int], box: tuple[float, float, float, float]) -> np.ndarray:
    """Corner pixels of a box given in shares of the picture."""
    x0, y0, x1, y1 = np.array(box) * np.array([*size, *size]) - 0.5
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])


def _sky(size: tuple[int, int]) -> Layer:
    part = Part(_whole(size, (0, 0, 1, 1)), None)
    return Layer("sky", [part], (0, 0, 1e4, 1e4), rank=SKY)


def _lens(city: City, size: tuple[int, int]) -> list[Layer]:
    """What the camera sees of its own car, and the frame that is out of roi."""
    layers, box = [], (0.0, 0.0, 0.1, 0.1)
    if city.hood:
        shares = np.linspace(0, 1, 13)
        rim = 1 - city.hood * (1 - (2 * shares - 1) ** 4)
        points = np.stack([shares * size[0] - 0.5, rim * size[1]], axis=-1)
        colour = (46, 47, 52)
        layers.append(Layer("ego vehicle", [Part(points, colour)], box, rank=LENS))
    if city.border:
        wide, tall = max(1, size[0] // 250) / size[0], max(1, size[1] // 125) / size[1]
        edges = ((0, 0, wide, 1), (1 - wide, 0, 1, 1), (0, 1 - tall, 1, 1))
        layers += [
            Layer("out of roi", [Part(_whole(size, edge), (12, 12, 12))], box, rank=LENS)
            for edge in edges
        ]
    return layers
