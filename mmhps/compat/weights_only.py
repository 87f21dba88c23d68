"""Let torch and MMEngine read training checkpoints, but refuse those that hold code.

Faults:

- The log in a checkpoint consists of MMEngine's ``HistoryBuffer``, which torch does not count as
  plain values. Its pickle names its own methods by ``getattr``, which would give a file access to
  every function.
- MMEngine 0.10 asks for no protection; onedl-mmengine allows the real ``getattr``, and reads a file
  that torch refuses once more without protection.

Can be removed when MMEngine reads with ``weights_only=True`` alone, and its logs are pickled
without ``getattr``.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from mmengine.logging.history_buffer import HistoryBuffer
from mmengine.runner import checkpoint

from mmhps.compat.patching import replaced

SWITCH = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
"""torch's environment variable that overrides the arguments of ``torch.load``."""


def _buffer_method(owner: type, name: str) -> Any:
    """Stand for ``getattr``, by which a pickled log names its own methods."""
    if owner is not HistoryBuffer:
        raise ValueError(f"expected a method of HistoryBuffer, got {owner}.{name}")
    return getattr(owner, name)


LOG_TYPES = [
    codecs.encode,  # the bytes of a numpy number; newer torch allows it itself
    HistoryBuffer,
    np.ndarray,
    np.dtype,
    *(type(np.dtype(kind)) for kind in (np.float64, np.float32, np.int64, np.int32)),
    np.zeros(0).__reduce__()[0],
    np.float64(0).__reduce__()[0],
]
"""What a training log is made of, besides its stand-in for ``getattr``."""


def allow_training_logs() -> None:
    """Let ``torch.load(..., weights_only=True)`` read training logs from now on."""
    torch.serialization.add_safe_globals(LOG_TYPES)
    # torch 2.7 accepts pairs of a function and a name. Earlier versions know a function by its own
    # name only: there, the entry is put into torch's own table.
    if _takes_names():
        torch.serialization.add_safe_globals([(_buffer_method, "builtins.getattr")])
    else:
        allowed = torch._weights_only_unpickler._get_allowed_globals()
        allowed["builtins.getattr"] = _buffer_method


def _takes_names() -> bool:
    return tuple(map(int, torch.__version__.split(".")[:2])) >= (2, 7)


@contextmanager
def weights_only() -> Iterator[None]:
    """Let all of MMEngine refuse checkpoints with code inside a ``with`` statement."""
    allow_training_logs()
    before = os.environ.get(SWITCH)
    os.environ[SWITCH] = "1"
    try:
        # onedl's list holds the real getattr.
        with replaced(checkpoint, "get_torch_safe_globals", lambda: LOG_TYPES):
            yield
    finally:
        if before is None:
            del os.environ[SWITCH]
        else:
            os.environ[SWITCH] = before
