"""Read checkpoints without running code that they may hold.

A checkpoint is a pickle, and a pickle can call any function when it is read. torch reads tensors
and plain values only if it is told to; MMEngine tells it so in some places, and reads the file
without that protection when it fails.
"""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from mmengine.logging.history_buffer import HistoryBuffer
from mmengine.runner import checkpoint as mmengine_checkpoint
from mmengine.runner.checkpoint import CheckpointLoader

TRUST_HELP = "run code that a checkpoint may hold, instead of refusing such a file"


def _buffer_method(owner: type, name: str) -> Any:
    """Stand for ``getattr``, by which a pickled log buffer names its own methods."""
    if owner is not HistoryBuffer:
        raise ValueError(f"expected a method of HistoryBuffer, got {owner}.{name}")
    return getattr(owner, name)


# torch finds an allowed function by the name that it gives itself.
_buffer_method.__module__, _buffer_method.__name__ = "builtins", "getattr"
_buffer_method.__qualname__ = "getattr"

# Training checkpoints hold their log: HistoryBuffers, made of numpy arrays and numbers.
_LOG_TYPES = [
    _buffer_method,
    codecs.encode,  # the bytes of a numpy number; newer torch allows it itself
    HistoryBuffer,
    np.ndarray,
    np.dtype,
    *(type(np.dtype(kind)) for kind in (np.float64, np.float32, np.int64, np.int32)),
    np.zeros(0).__reduce__()[0],
    np.float64(0).__reduce__()[0],
]


def read_weights(path: str, trust: bool = False) -> Any:
    """Read what ``torch.save`` wrote on the CPU.

    In contrast to a plain ``torch.load(..., weights_only=True)`` it reads training checkpoints,
    too, which hold the log beside the weights.

    Args:
        path: The file.
        trust: Whether code that the file may hold is run.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is damaged, or holds objects that are neither tensors, plain values nor a
            training log, and is not trusted.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: checkpoint not found. Train the model or download it.")
    torch.serialization.add_safe_globals(_LOG_TYPES)
    with _explained(path):
        return torch.load(path, map_location="cpu", weights_only=not trust)


def load_checkpoint(path: str, trust: bool = False) -> dict[str, Any]:
    """Read a checkpoint of MMEngine; see :func:`read_weights`.

    Args:
        path: The file.
        trust: Whether code that the file may hold is run.

    Returns:
        ``state_dict`` and what else was saved (``meta``, ...).

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It cannot be read, or has no ``state_dict``.
    """
    checkpoint = read_weights(path, trust)
    if not isinstance(checkpoint, dict) or "state_dict" not in checkpoint:
        raise ValueError(
            f'{path}: expected a dictionary with a "state_dict", as MMEngine saves it, got '
            f"{type(checkpoint).__name__}. Save dict(state_dict=model.state_dict())."
        )
    return checkpoint


@contextmanager
def refusing_code() -> Iterator[None]:
    """Lets all of MMEngine read checkpoints as :func:`read_weights` does.

    That is ``load_from``, ``resume`` and ``init_cfg``, from files and addresses of any kind.

    Raises:
        ValueError: While it holds, if a checkpoint is damaged or holds code.
    """
    load = CheckpointLoader.load_checkpoint

    def load_explained(filename: str, *args: Any, **kwargs: Any) -> Any:
        with _explained(filename):
            return load(filename, *args, **kwargs)

    torch.serialization.add_safe_globals(_LOG_TYPES)
    with (
        # torch's own switch: it goes over what its callers ask for.
        mock.patch.dict(os.environ, TORCH_FORCE_WEIGHTS_ONLY_LOAD="1"),
        # onedl's list allows getattr, by which a file reaches functions that are not allowed.
        mock.patch.object(
            mmengine_checkpoint, "get_torch_safe_globals", lambda: _LOG_TYPES, create=True
        ),
        mock.patch.object(CheckpointLoader, "load_checkpoint", load_explained),
    ):
        yield


@contextmanager
def _explained(path: str) -> Iterator[None]:
    """Turns torch's errors, of many kinds for damaged and for unsafe files, into one of ours."""
    try:
        yield
    except (OSError, ImportError):  # not found, no connection, no package for such an address
        raise
    except Exception as error:
        unsafe = re.search(r"GLOBAL (\S+)", str(error))
        lines = str(error).splitlines() or [type(error).__name__]  # an empty file: no message
        raise ValueError(
            f"{path}: cannot be read as weights ({unsafe[1] if unsafe else lines[0]}). It is "
            f"damaged, or holds Python objects, which are refused because they could run code. If "
            f"you trust where it comes from, add --trust-checkpoint to tools/train.py or "
            f"tools/test.py, or make plain weights of it: python "
            f"tools/model_converters/publish_model.py {path} NAME.pth --trust-checkpoint"
        ) from error
