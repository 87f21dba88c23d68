"""Draw mini-Cityscapes: street scenes in exactly the layout of the official data set.

Pictures and polygons are drawn by :mod:`mmhps.street_scenes`; the label maps are rendered from the
polygons by cityscapesscripts. Picture k depends on the seed, the split, k and the size alone, so
that the same call writes the same bytes (with the same versions of numpy, OpenCV and Pillow) and
completes an interrupted run.
"""

import json
import multiprocessing
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from cityscapesscripts.helpers.annotation import Annotation
from cityscapesscripts.preparation.json2instanceImg import createInstanceImage
from cityscapesscripts.preparation.json2labelImg import createLabelImage
from tqdm import tqdm

from mmhps.converters.layout import claim, scene_files, write_atomically, write_png
from mmhps.street_scenes import draw_scene, stem

VERSION = 1  # raise it with every change of what is drawn
SMALLEST = (64, 32)

Scene = tuple[str, int]  # split and number


def write_scene(scene: Scene, out: Path, seed: int, size: tuple[int, int]) -> None:
    """Draw one scene and write its four files.

    Args:
        scene: Split and number of the picture.
        out: Root folder of the data set.
        seed: Seed of the data set.
        size: Width and height in pixels.
    """
    files = scene_files(out, scene[0], stem(*scene))
    image, polygons = draw_scene(seed, *scene, size)
    write_atomically(files["polygons"], lambda part: part.write_text(json.dumps(polygons)))
    annotation = Annotation()
    annotation.fromJsonFile(str(files["polygons"]))
    # As 16-bit pixels: Pillow no longer writes the 32-bit mode in which cityscapesscripts draws.
    instances = np.array(createInstanceImage(annotation, "ids"), dtype=np.uint16)
    write_png(files["instanceIds"], instances)
    write_png(files["labelIds"], np.array(createLabelImage(annotation, "ids")))
    write_png(files["image"], image)


def missing_scenes(out: Path, counts: dict[str, int]) -> list[Scene]:
    """Those of the first `counts[split]` scenes of which a file is missing."""
    scenes = [(split, index) for split, count in counts.items() for index in range(count)]
    return [
        (split, index)
        for split, index in scenes
        if not all(path.is_file() for path in scene_files(out, split, stem(split, index)).values())
    ]


def _map(draw: Callable[[Scene], None], scenes: list[Scene], workers: int) -> Iterator[None]:
    """Call `draw` with each scene, in `workers` processes or, for one, in this one."""
    if workers == 1:
        yield from map(draw, scenes)
        return
    # Not forked: OpenCV's threads do not survive it.
    context = multiprocessing.get_context("spawn")
    with context.Pool(min(workers, len(scenes)), _start_worker) as pool:
        yield from pool.imap_unordered(draw, scenes)


def _start_worker() -> None:
    """Leave Ctrl-C to the parent process, and one core to each worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)


def generate(
    out: Path, counts: dict[str, int], size: tuple[int, int], seed: int, workers: int
) -> int:
    """Draw what is missing of a data set.

    Args:
        out: Root folder.
        counts: Number of pictures of each split, 'train' and 'val'.
        size: Width and height in pixels.
        seed: Seed of the data set, ≥ 0.
        workers: Number of processes.

    Returns:
        The number of scenes drawn.

    Raises:
        ValueError: A size, count, seed or number of processes is out of range.
        FileExistsError: The folder holds something else.
    """
    if size[0] < SMALLEST[0] or size[1] < SMALLEST[1]:
        raise ValueError(f"--size must be at least {SMALLEST}, got {size}.")
    least = dict.fromkeys(counts, 0) | {"seed": 0, "workers": 1}
    for name, value in (counts | {"seed": seed, "workers": workers}).items():
        if value < least[name]:
            raise ValueError(f"--{name} must be at least {least[name]}, got {value}.")
    recipe = {"converter": "mini_cityscapes", "version": VERSION, "seed": seed, "size": list(size)}
    claim(out, recipe | counts)
    missing = missing_scenes(out, counts)
    if missing:
        draw = partial(write_scene, out=out, seed=seed, size=size)
        with tqdm(desc=f"drawing {out.name}", total=len(missing), unit="image") as progress:
            for _ in _map(draw, missing, workers):
                progress.update()
    return len(missing)
