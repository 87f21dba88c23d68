"""A picture that is read later, and the frames of videos, webcams and streams as such."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import mmcv
import numpy as np


class Picture(NamedTuple):
    """A picture that is read only when needed.

    Attributes:
        id: Its name; see :func:`mmhps.apis.pictures.named`.
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
        origin = f"{os.path.abspath(path)}, frame {index}"
        name = f"{path.stem}_{index:06d}"
        yield Picture(name, source, None, partial(read, index, source), origin)


def live_frames(place: int | str, source: str, stem: str) -> Iterator[Picture]:
    """The frames of a webcam or a stream, as they come."""
    video = cv2.VideoCapture(place)
    if not video.isOpened():
        video.release()
        raise OSError(
            f"{source}: cannot be opened. Check that it is there, that no other program uses it, "
            f"and that you may read it."
        )
    return _captured(video, source, stem)


def _captured(video: cv2.VideoCapture, source: str, stem: str) -> Iterator[Picture]:
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
