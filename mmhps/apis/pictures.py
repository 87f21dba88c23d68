"""Find pictures and read them, whatever their format."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import mmcv
import numpy as np
from PIL import Image

from mmhps.structures.picture_files import read_picture, to_bgr

PICTURE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
"""What counts as a picture in a folder, in small or capital letters."""
VIDEO_SUFFIXES = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm")
"""Files that are read frame by frame."""

Input = str | Path | np.ndarray
Inputs = Input | Sequence[Input]


class Picture(NamedTuple):
    """A picture that is read only when needed.

    Attributes:
        id: Its name, unique among all pictures of a call; files are named after it.
        source: What messages call it: its path, or its place in a video or in the inputs.
        path: Its file, if it is a file of its own.
        read: Returns its pixels, (H, W, 3) uint8 BGR, or raises an OSError that names it.
    """

    id: str
    source: str
    path: str | None
    read: Callable[[], np.ndarray]


def list_pictures(inputs: Inputs) -> list[Picture]:
    """List all pictures that the inputs name; no picture is read yet.

    Args:
        inputs: A file, a folder (its pictures, sorted; not those of folders in it), a glob
            pattern, a video, an array (H, W), (H, W, 1), (H, W, 3) BGR or (H, W, 4) BGRA of uint8,
            or a list of these.

    Raises:
        FileNotFoundError: There is no such file, or no picture in a folder.
        TypeError, ValueError: An input is none of these.
    """
    pictures: list[Picture] = []
    for number, one in enumerate(inputs if isinstance(inputs, list | tuple) else [inputs]):
        pictures += _expand(one, number)
    return _with_unique_ids(pictures)


def _expand(one: Input, number: int) -> Iterator[Picture]:
    """The pictures of one input."""
    if isinstance(one, np.ndarray):
        source = f"inputs[{number}]"
        image = _bgr_array(one, source)
        yield Picture(f"{number:06d}", source, None, lambda: image)
    elif isinstance(one, str | Path):
        for path in _find(str(one)):
            yield from _frames(path) if path.suffix.lower() in VIDEO_SUFFIXES else [_file(path)]
    else:
        raise TypeError(
            f"inputs[{number}]: expected a path, an array or a list of these, got "
            f"{type(one).__name__}. Convert it with numpy.asarray."
        )


def _file(path: Path) -> Picture:
    # What a data set in the layout of Cityscapes calls the image.
    stem = path.stem.removesuffix("_leftImg8bit")
    return Picture(stem, str(path), str(path), partial(read_picture, path))


def _find(name: str) -> list[Path]:
    """The files that a path, folder or glob pattern stands for."""
    path = Path(name).expanduser()
    if path.is_file():
        return [path]
    if path.is_dir():
        found = [p for p in path.iterdir() if p.is_file() and not p.name.startswith(".")]
        found = [p for p in found if p.suffix.lower() in PICTURE_SUFFIXES]
        problem = f"there is no picture in this folder (known are {' '.join(PICTURE_SUFFIXES)})"
    else:
        found = [p for p in map(Path, glob.glob(str(path), recursive=True)) if p.is_file()]
        problem = "there is no such file or folder, and no file that fits it as a pattern"
    if not found:
        raise FileNotFoundError(f"{name}: {problem}. Check the path.")
    return sorted(found)


def _frames(path: Path) -> Iterator[Picture]:
    """The frames of a video."""
    video = mmcv.VideoReader(str(path))
    if video.frame_cnt <= 0:
        raise ValueError(
            f"{path}: there is no frame that OpenCV can read. Convert the video to MP4 (H.264)."
        )

    def read(index: int, source: str) -> np.ndarray:
        frame = video.get_frame(index)
        if frame is None:
            raise OSError(f"{source}: cannot be read. The video is damaged: convert it again.")
        return frame

    for index in range(video.frame_cnt):
        source = f"{path}, frame {index}"
        yield Picture(f"{path.stem}_{index:06d}", source, None, partial(read, index, source))


def _with_unique_ids(pictures: Sequence[Picture]) -> list[Picture]:
    """Tell pictures of the same name apart: x, x_2, x_3, …"""
    taken = {picture.id for picture in pictures}
    seen: set[str] = set()
    unique = []
    for picture in pictures:
        name, count = picture.id, 1
        while name in seen or (count > 1 and name in taken):
            count += 1
            name = f"{picture.id}_{count}"
        seen.add(name)
        unique.append(picture._replace(id=name))
    return unique


def _bgr_array(array: np.ndarray, source: str) -> np.ndarray:
    """Check an array and give it three channels."""
    shape = array.shape + (1,) * (array.ndim == 2)
    if array.dtype != np.uint8 or len(shape) != 3 or shape[2] not in (1, 3, 4) or array.size == 0:
        raise ValueError(
            f"{source}: expected a grey (H, W), BGR (H, W, 3) or BGRA (H, W, 4) array of uint8 "
            f"with at least one pixel, got shape {array.shape} of {array.dtype}. Scale its values "
            f"to 0..255 and convert it with astype('uint8')."
        )
    array = array.reshape(shape)
    if shape[2] == 4:
        return to_bgr(Image.fromarray(np.ascontiguousarray(array[..., [2, 1, 0, 3]])))
    return np.ascontiguousarray(np.broadcast_to(array, (*shape[:2], 3)))
