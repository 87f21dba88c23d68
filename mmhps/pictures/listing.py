"""Find pictures and read them, whatever their format."""

from __future__ import annotations

import glob
import io
import os
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain
from numbers import Integral
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
from PIL import Image

from mmhps.structures.picture_files import read_picture

from .frames import Picture, frames_of, live_frames, same
from .pixels import bgr_of_array, bgr_of_tensor, is_tensor, read_pil

PICTURE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
"""What counts as a picture in a folder, in small or capital letters."""
VIDEO_SUFFIXES = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm")
"""Files that are read frame by frame."""
SECONDS = 30
"""How long the server of a URL may keep silent."""

_STREAMS = ("rtsp", "rtmp", "rtp", "udp", "tcp")

Inputs = Any  # see list_pictures


def list_pictures(inputs: Inputs) -> list[Picture] | Iterator[Picture]:
    """List all pictures that the inputs name; no picture file is read yet.

    Args:
        inputs: One of these, or a list, tuple, generator or other iterable of them:

            - path of a picture or a video, a folder (its pictures, sorted; not those of folders in
              it), a glob pattern (``**`` for folders at any depth),
            - URL: http(s) of a picture or a video, or a stream (rtsp, rtmp, …),
            - number of a webcam, also as text (``"0"``); its frames never end,
            - picture of PIL, in any mode; its colours are right without a conversion,
            - ``bytes`` of a picture file, or a binary file object,
            - array of uint8: (H, W), (H, W, 1), (H, W, 3) **BGR**, as ``cv2.imread`` and
              MMDetection have it, or (H, W, 4) BGRA,
            - tensor **RGB**, (C, H, W) or (B, C, H, W) with 1, 3 or 4 channels: uint8 0..255, or
              floating-point 0..1.

    Returns:
        A list. For a generator or a webcam an iterator, which takes one after the other.

    Raises:
        FileNotFoundError: There is no such file, or no picture in a folder.
        OSError: A webcam or stream cannot be opened.
        TypeError, ValueError: An input is none of these.
    """
    if isinstance(inputs, list | tuple):
        parts = [_expand(one, number) for number, one in enumerate(inputs)]
    elif _is_one(inputs) or not isinstance(inputs, Iterable) or isinstance(inputs, Mapping):
        parts = [_expand(inputs, 0)]
    else:  # a generator, a data loader, …
        return chain.from_iterable(_expand(one, number) for number, one in enumerate(inputs))
    if all(isinstance(part, list) for part in parts):
        return [picture for part in parts for picture in part]
    return chain.from_iterable(parts)


def _is_one(value: Any) -> bool:
    kinds = (str, os.PathLike, bytes, bytearray, memoryview, np.ndarray, Image.Image)
    return isinstance(value, kinds) or is_tensor(value) or hasattr(value, "read")


def _expand(one: Any, number: int) -> list[Picture] | Iterator[Picture]:
    """The pictures of one input."""
    source = f"inputs[{number}]"
    if isinstance(one, str | os.PathLike):
        return _expand_name(os.fspath(one))
    if isinstance(one, Integral) and not isinstance(one, bool):
        return live_frames(int(one), f"webcam {one}", f"webcam{one}")
    if is_tensor(one):
        images = [bgr_of_tensor(image, source) for image in (one if one.ndim == 4 else [one])]
        numbers = [f"{number:06d}{f'_{i}' if one.ndim == 4 else ''}" for i in range(len(images))]
        return [
            Picture(name, source, None, partial(same, image))
            for name, image in zip(numbers, images, strict=True)
        ]
    if isinstance(one, np.ndarray):
        read = partial(same, bgr_of_array(one, source))
    elif isinstance(one, Image.Image):
        read = partial(read_pil, one, source)
    elif isinstance(one, bytes | bytearray | memoryview):
        read = partial(read_picture, io.BytesIO(one), source)
    elif hasattr(one, "read"):
        read = partial(read_picture, io.BytesIO(one.read()), source)
    else:
        raise TypeError(
            f"{source}: expected a path, URL, webcam number, PIL picture, array (BGR), tensor "
            f"(RGB), bytes or an iterable of these, got {type(one).__name__}. Convert it to one."
        )
    return [Picture(_file_stem(one) or f"{number:06d}", source, None, read)]


def _file_stem(picture: Any) -> str:
    """What the file of a PIL picture or of a file object is called; empty if it has none."""
    name = getattr(picture, "filename", None) or getattr(picture, "name", None)
    return Path(name).stem if isinstance(name, str) else ""


def _expand_name(name: str) -> list[Picture] | Iterator[Picture]:
    """The pictures of a path, a glob pattern, a URL or a webcam's number."""
    address = urlsplit(name)
    if "://" not in name:
        if name.isdecimal() and not Path(name).exists():
            return live_frames(int(name), f"webcam {name}", f"webcam{name}")
        paths = _find(name)
        return [
            p for path in paths for p in (frames_of(path) if _is_video(path) else [_file(path)])
        ]
    path = Path(unquote(address.path))
    stem = path.stem or address.netloc
    if address.scheme in _STREAMS or _is_video(path):
        return live_frames(name, name, stem)
    if address.scheme not in ("http", "https", "file"):
        raise ValueError(
            f"{name}: expected http, https, file or a stream ({', '.join(_STREAMS)}), got "
            f"{address.scheme!r}. Download it and name the file."
        )
    return [Picture(stem, name, None, partial(_download, name), name)]


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES


def _file(path: Path) -> Picture:
    # What a data set in the layout of Cityscapes calls the image.
    stem = path.stem.removesuffix("_leftImg8bit")
    return Picture(stem, str(path), str(path), partial(read_picture, path), os.path.abspath(path))


def _download(address: str) -> np.ndarray:
    # Some servers, Wikimedia's for one, refuse the name that Python sends.
    request = urllib.request.Request(address, headers={"User-Agent": "Mozilla/5.0 (mmhps)"})
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            content = answer.read()
    except (OSError, ValueError) as error:
        raise OSError(
            f"{address}: cannot be downloaded ({error}). Check the address and the connection."
        ) from error
    return read_picture(io.BytesIO(content), address)


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


def named(
    pictures: Iterable[Picture], is_free: Callable[[str, str | None], bool] | None = None
) -> Iterator[Picture]:
    """Tell pictures of the same name apart: x, x_2, x_3, …

    Args:
        pictures: Any pictures.
        is_free: Given a name and the origin of a picture, whether it may have that name; see
            :meth:`mmhps.results.ResultFolder.is_free`.
    """
    seen: set[str] = set()
    for picture in pictures:
        name, count = picture.id, 1
        while name in seen or not (is_free is None or is_free(name, picture.origin)):
            count += 1
            name = f"{picture.id}_{count}"
        seen.add(name)
        yield picture._replace(id=name)
