"""Keep what the first steps of a pipeline make of an image: decoded, resized, before any chance."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import pickle
import tempfile
import time
import warnings
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import Any

from mmhps.version import __version__

__all__ = ["CACHEABLE", "CachedSteps", "SampleCache"]

CACHEABLE = ("LoadImageFromFile", "LoadPicture", "LoadPanopticIds", "Resize", "FixShapeResize")
"""Steps whose result depends on nothing but the files and their settings."""
_FILES = ("img_path", "seg_map_path")
_PACKAGES = ("mmcv", "mmdet", "mmhps")
_KEY, _SUM = 32, 4  # bytes
_PART = ".part"
_ABANDONED = 3600  # seconds
_SCAN = 500
"""Writes between two looks at what other processes wrote."""
_INDEX = "sample_idx"
"""Where MMEngine writes the place of an image in its data set, which changes with the set."""
_ALLOWED = {
    "mmhps.structures.panoptic_ids": {"Segment"},
    "numpy": {"ndarray", "dtype"},
    "numpy.core.multiarray": {"_reconstruct", "scalar"},
    "numpy._core.multiarray": {"_reconstruct", "scalar"},
    "numpy.core.numeric": {"_frombuffer"},
    "numpy._core.numeric": {"_frombuffer"},
}


class SampleCache:
    """Samples in the files of a folder, which several processes may share.

    Args:
        folder: The folder, one on a disk or, on Linux, one of ``/dev/shm``, which is memory.
        max_gigabytes: Most that it holds, in 1e9 bytes; what does not fit is not kept.

    Raises:
        ValueError: The size is not positive.
        OSError: The folder cannot be made.
    """

    def __init__(self, folder: str | Path, max_gigabytes: float) -> None:
        if not max_gigabytes > 0:
            raise ValueError(
                f"cache: expected max_gigabytes above 0, got {max_gigabytes}. Leave the cache out "
                f"to switch it off."
            )
        self.folder, self._limit = Path(folder).expanduser(), max_gigabytes * 1e9
        self._full, self._used, self._writes = False, 0, 0
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise OSError(
                error.errno,
                f"{folder}: the cache cannot be made there ({error.strerror}). Name another folder",
            ) from error

    def __contains__(self, entry: tuple[str, bytes]) -> bool:
        """Whether a sample of this name and key is there; see :meth:`read`."""
        name, key = entry
        try:
            with (self.folder / name).open("rb") as file:
                return file.read(_KEY) == key
        except OSError:
            return False

    def read(self, name: str, key: bytes) -> dict[str, Any] | None:
        """A sample; None if it is missing, of other settings or files, or damaged.

        Args:
            name: What its file is called.
            key: What the sample depends on, 32 bytes.
        """
        try:
            content = memoryview(bytearray((self.folder / name).read_bytes()))
        except OSError:
            return None
        body = content[_KEY + _SUM :]
        if content[:_KEY] != key or content[_KEY : _KEY + _SUM] != _checksum([body]):
            return None
        return _loads(body)

    def write(self, name: str, key: bytes, sample: dict[str, Any]) -> None:
        """Keep a sample, in place of an earlier one of this name, unless the cache is full."""
        if self.full:
            return
        body = _dumps(sample)
        parts = [key, _checksum(body), *body]
        path, partial = self.folder / name, None
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            added = sum(map(len, parts)) - (path.stat().st_size if path.is_file() else 0)
            if not self._fits(added):
                self._stop(f"holds the {self._limit / 1e9:g} GB that it may. Raise max_gigabytes")
                return
            with tempfile.NamedTemporaryFile(dir=self.folder, suffix=_PART, delete=False) as file:
                partial = Path(file.name)
                file.writelines(parts)
            os.replace(partial, path)
            self._used += added
        except OSError as error:
            room = error.errno in (errno.ENOSPC, errno.EDQUOT)
            self._stop(
                f"cannot be written ({error.strerror}). "
                + ("Make room" if room else "Make the folder writable, name another one")
            )
        finally:
            if partial:
                partial.unlink(missing_ok=True)

    @property
    def full(self) -> bool:
        """Whether a sample could not be kept; none is from then on."""
        return self._full

    def _fits(self, added: int) -> bool:
        """Whether so many bytes fit; other processes' files are counted from time to time."""
        self._writes += 1
        if self._writes % _SCAN == 1 or self._used + added > self._limit:
            self._used = self._scan()
        return self._used + added <= self._limit

    def _scan(self) -> int:
        """Bytes of all files, those of other processes and of earlier runs included."""
        total = 0
        with os.scandir(self.folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):  # renamed meanwhile
                    stat = entry.stat()
                    if entry.name.endswith(_PART) and time.time() - stat.st_mtime > _ABANDONED:
                        os.unlink(entry.path)  # of a run that was killed
                    else:
                        total += stat.st_size
        return total

    def _stop(self, reason: str) -> None:
        """Say once why nothing is kept any longer."""
        if not self._full:
            warnings.warn(
                f"{self.folder}: the cache {reason}, or empty the folder. For the rest of the run "
                f"further images are read from their files.",
                stacklevel=4,
            )
        self._full = True


class CachedSteps:
    """The first steps of a pipeline, whose results are kept.

    Args:
        steps: The steps as they were built.
        settings: What they were built from; a sample of other settings is made anew.
        cache: Where samples are kept.
    """

    def __init__(
        self, steps: Sequence[Callable[[dict], dict]], settings: Any, cache: SampleCache
    ) -> None:
        self.steps, self.cache = list(steps), cache
        self._settings = f"{__version__} {settings!r}"

    @classmethod
    def before(
        cls, pipeline: list[Callable], settings: Sequence[Any], cache: SampleCache
    ) -> list[Callable]:
        """A pipeline in which the steps are cached that come before the first one with chance.

        Args:
            pipeline: Its steps.
            settings: What they were built from.
            cache: Where samples are kept.

        Raises:
            ValueError: There is no such step.
        """
        first = list(takewhile(_is_cacheable, pipeline))
        if not first:
            raise ValueError(
                f"cache: expected a pipeline that begins with one of {', '.join(CACHEABLE)}, got "
                f"{type(pipeline[0]).__name__ if pipeline else 'none'}. Reorder it, or leave the "
                f"cache out."
            )
        return [cls(first, settings[: len(first)], cache), *pipeline[len(first) :]]

    def __call__(self, results: dict) -> dict:
        """Take the sample of a data info from the cache, or make it.

        An error of a step has its name as ``step``.
        """
        info = dict(results)
        index = {_INDEX: info.pop(_INDEX)} if _INDEX in info else {}
        entry = self._entry(info)
        sample = self.cache.read(*entry)
        if sample is None:
            sample = self._make(info)
            self.cache.write(*entry, sample)
        return sample | index

    def fill(self, results: dict) -> None:
        """See that the cache has the sample of a data info."""
        info = dict(results)
        info.pop(_INDEX, None)
        entry = self._entry(info)
        if entry not in self.cache:
            self.cache.write(*entry, self._make(info))

    def _make(self, results: dict) -> dict:
        results = dict(results)
        for step in self.steps:
            try:
                results = step(results)
            except Exception as error:
                error.step = type(step).__name__  # type: ignore[attr-defined]
                raise
        return results

    def _entry(self, results: dict) -> tuple[str, bytes]:
        """The name of a sample's file, and a hash of all that the sample depends on."""
        paths = [str(results.get(key)) for key in _FILES]
        states = [_state(path) for path in paths]
        name = hashlib.sha256(f"{self._settings} {paths}".encode()).hexdigest()[:32]
        key = hashlib.sha256(f"{self._settings} {states} {results!r}".encode()).digest()
        return f"{name}.sample", key

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.steps})"


def _is_cacheable(step: Any) -> bool:
    kind = type(step)
    return kind.__name__ in CACHEABLE and kind.__module__.split(".")[0] in _PACKAGES


def _state(path: str) -> tuple[int, int] | None:
    """Size and time of a file."""
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns


def _dumps(sample: dict[str, Any]) -> list[bytes | memoryview]:
    """A sample as bytes: lengths of the parts, the dictionary, the pixels of its arrays."""
    buffers: list[pickle.PickleBuffer] = []
    header = pickle.dumps(sample, protocol=5, buffer_callback=buffers.append)
    pixels = [buffer.raw() for buffer in buffers]
    lengths = [len(header), *map(len, pixels)]
    table = b"".join(length.to_bytes(8, "little") for length in (len(lengths), *lengths))
    return [table, header, *pixels]


def _loads(content: memoryview) -> dict[str, Any] | None:
    """Undo :func:`_dumps`; None if it holds what is not allowed. The arrays are views of it."""
    position = 8 + 8 * _number(content, 0)
    parts = []
    for start in range(8, position, 8):
        length = _number(content, start)
        parts.append(content[position : position + length])
        position += length
    header, *pixels = parts
    try:
        return _Unpickler(io.BytesIO(header), buffers=pixels).load()
    except pickle.UnpicklingError:
        return None


def _number(content: memoryview, start: int) -> int:
    return int.from_bytes(content[start : start + 8], "little")


def _checksum(parts: Iterable[bytes | memoryview]) -> bytes:
    total = 0
    for part in parts:
        total = zlib.crc32(part, total)
    return total.to_bytes(_SUM, "little")


class _Unpickler(pickle.Unpickler):
    """Reads what :func:`_dumps` writes, and runs no code that a file may hold."""

    def find_class(self, module: str, name: str) -> Any:
        if name not in _ALLOWED.get(module, ()):
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a cache")
        return super().find_class(module, name)
