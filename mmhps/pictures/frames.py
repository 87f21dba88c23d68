"""A picture that is read later, and the frames of videos, webcams and streams as such."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np


class Picture(NamedTuple):
    """A picture that is read only when needed.

    Attributes:
        id: Its name; see :func:`mmhps.pictures.named`.
        source: What messages call it: its path, or its place in a video or in the inputs.
        path: Its file, if it is a file of its own.
        read: Returns its pixels, (H, W, 3) uint8 BGR, or raises an OSError that names it.
        origin: What is the same if it is read again later; None for what is in memory or live.
    """

    id: str
    source: str
    path: str | None
    read: Callable[[], np.ndarray]
    origin: str | None = None


def frames_of(path: Path) -> Iterator[Picture]:
    """The frames of a video.

    Raises:
        ModuleNotFoundError: OpenCV is missing.
        ValueError: It cannot be read.
    """
    video = _Video(path)
    if not len(video):
        raise ValueError(
            f"{path}: there is no frame that OpenCV can read. Convert the video to MP4 (H.264)."
        )

    def read(index: int, source: str) -> np.ndarray:
        frame = video.frame(index)
        if frame is None:
            raise OSError(f"{source}: cannot be read. The video is damaged: convert it again.")
        return frame

    for index in range(len(video)):
        source = f"{path}, frame {index}"
        origin = f"{os.path.abspath(path)}, frame {index}"
        name = f"{path.stem}_{index:06d}"
        yield Picture(name, source, None, partial(read, index, source), origin)


class _Video:
    """A file whose frames are read in any order, fastest one after the other."""

    def __init__(self, path: Path) -> None:
        cv2 = _opencv()
        self._position, self._count = cv2.CAP_PROP_POS_FRAMES, cv2.CAP_PROP_FRAME_COUNT
        self._video, self._next = cv2.VideoCapture(str(path)), 0

    def __len__(self) -> int:
        return max(0, int(self._video.get(self._count)))

    def frame(self, index: int) -> np.ndarray | None:
        """A frame, (H, W, 3) uint8 BGR; None if it cannot be read."""
        if index != self._next:
            self._video.set(self._position, index)
        read, frame = self._video.read()
        self._next = index + 1
        return frame if read else None


def _opencv() -> ModuleType:
    """OpenCV, which only videos, webcams and streams need."""
    try:
        import cv2
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "cv2 is missing, which videos, webcams and streams are read with. Install it: pip "
            "install opencv-python-headless"
        ) from error
    return cv2


def live_frames(place: int | str, source: str, stem: str) -> Iterator[Picture]:
    """The frames of a webcam or a stream, as they come."""
    video = _opencv().VideoCapture(place)
    if not video.isOpened():
        video.release()
        raise OSError(
            f"{source}: cannot be opened. Check that it is there, that no other program uses it, "
            f"and that you may read it."
        )
    return _captured(video, source, stem)


def _captured(video: Any, source: str, stem: str) -> Iterator[Picture]:
    try:
        index = 0
        while (frame := video.read())[0]:
            read = partial(same, frame[1])
            yield Picture(f"{stem}_{index:06d}", f"{source}, frame {index}", None, read)
            index += 1
    finally:
        video.release()


def same(image: np.ndarray) -> np.ndarray:
    """The image: what :attr:`Picture.read` is for one that is in memory."""
    return image
