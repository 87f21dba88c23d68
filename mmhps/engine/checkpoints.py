"""Read checkpoints without running code that they may hold.

A checkpoint is a pickle, and a pickle can call any function when it is read. Only on request does
torch restrict itself to tensors and plain values; :mod:`mmhps.compat.weights_only` says what else a
checkpoint holds, and how MMEngine is kept from reading more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from mmengine.runner.checkpoint import CheckpointLoader

from mmhps.compat.patching import replaced
from mmhps.compat.weights_only import allow_training_logs, weights_only

TRUST_HELP = "run code that a checkpoint may hold, instead of refusing such a file"


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
    allow_training_logs()
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
    """Let all of MMEngine read checkpoints as :func:`read_weights` does.

    That is ``load_from``, ``resume`` and ``init_cfg``, from files and addresses of any kind.

    Raises:
        ValueError: Inside the ``with`` statement, if a checkpoint is damaged or holds code.
    """
    load = CheckpointLoader.load_checkpoint

    def load_explained(filename: str, *args: Any, **kwargs: Any) -> Any:
        with _explained(filename):
            return load(filename, *args, **kwargs)

    with weights_only(), replaced(CheckpointLoader, "load_checkpoint", load_explained):
        yield


@contextmanager
def _explained(path: str) -> Iterator[None]:
    """Replace torch's various errors for damaged and unsafe files by one that says what to do."""
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{path}: weights not found. Train or download them first, or name others (load_from, "
            f"--resume, the checkpoint of an init_cfg). docs/model_zoo.md says where the weights "
            f"come from that configs of mmhps start from."
        ) from error
    except (OSError, ImportError):  # no connection, no package for such an address
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
