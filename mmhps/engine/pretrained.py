"""Say what to do when pretrained weights need a package that is missing."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mmengine

PREFIX = "torchvision://"


def torchvision_problem(model_config: Any) -> str | None:
    """Say what to do about ``torchvision://`` weights if torchvision does not work.

    Args:
        model_config: The ``model`` of a config.

    Returns:
        The message; None if the config names no such weights or torchvision can be imported.
    """
    named = next(_torchvision_weights(model_config, "model"), None)
    if named is None:
        return None
    key, name = named
    try:
        importlib.import_module("torchvision")
    except Exception as error:  # RuntimeError: it does not fit this torch
        urls = mmengine.load(Path(mmengine.__path__[0], "hub", "torchvision_0.12.json"))
        where = urls.get(name, "URL")
        return (
            f"{key}={PREFIX}{name} needs torchvision, which cannot be imported ({error}). Either "
            f"install the torchvision that fits this torch, or take the weights without it:\n"
            f"  --cfg-options {key}={where}\n"
            f"or {key}=FILE, once downloaded. Where load_from provides all weights of that part:\n"
            f"  --cfg-options {key.rpartition('.')[0]}=None"
        )
    return None


def _torchvision_weights(config: Any, key: str) -> Iterator[tuple[str, str]]:
    """Keys and names of the weights of ``torchvision://`` in a nested config."""
    if isinstance(config, dict):
        for name, value in config.items():
            yield from _torchvision_weights(value, f"{key}.{name}")
    elif isinstance(config, (list, tuple)):
        for index, value in enumerate(config):
            yield from _torchvision_weights(value, f"{key}.{index}")
    elif isinstance(config, str) and config.startswith(PREFIX):
        yield key, config.removeprefix(PREFIX)
