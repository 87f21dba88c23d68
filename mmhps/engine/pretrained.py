"""Say what to do when pretrained weights need a package that is missing."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mmengine

from mmhps.models.backbones import imagenet_file

TORCHVISION = "torchvision://"
LITE0 = "lite0://"


def pretrained_problem(model_config: Any) -> str | None:
    """Say what to do if a package with pretrained weights does not work.

    Args:
        model_config: The ``model`` of a config.

    Returns:
        The message; None if there is no problem.
    """
    return torchvision_problem(model_config) or lite0_problem(model_config)


def lite0_problem(model_config: Any) -> str | None:
    """Say what to do about ``lite0://`` weights if their package is missing.

    Args:
        model_config: The ``model`` of a config.

    Returns:
        The message; None if the config names no such weights or they are there.
    """
    for key, name in _weights(model_config, "model", LITE0):
        try:
            imagenet_file(LITE0 + name)
        except (ImportError, ValueError) as error:
            return f"{key}: {error}"
    return None


def torchvision_problem(model_config: Any) -> str | None:
    """Say what to do about ``torchvision://`` weights if torchvision does not work.

    Args:
        model_config: The ``model`` of a config.

    Returns:
        The message; None if the config names no such weights or torchvision can be imported.
    """
    named = next(_weights(model_config, "model", TORCHVISION), None)
    if named is None:
        return None
    key, name = named
    try:
        importlib.import_module("torchvision")
    except Exception as error:  # RuntimeError: it does not fit this torch
        urls = mmengine.load(Path(mmengine.__path__[0], "hub", "torchvision_0.12.json"))
        where = urls.get(name, "URL")
        return (
            f"{key}={TORCHVISION}{name} needs torchvision, which cannot be imported ({error}). "
            "Either install the torchvision that fits this torch, or take the weights without it:\n"
            f"  --cfg-options {key}={where}\n"
            f"or {key}=FILE, once downloaded. Where load_from provides all weights of that part:\n"
            f"  --cfg-options {key.rpartition('.')[0]}=None"
        )
    return None


def _weights(config: Any, key: str, prefix: str) -> Iterator[tuple[str, str]]:
    """Keys and names, without the prefix, of the weights with a prefix in a nested config."""
    if isinstance(config, dict):
        for name, value in config.items():
            yield from _weights(value, f"{key}.{name}", prefix)
    elif isinstance(config, (list, tuple)):
        for index, value in enumerate(config):
            yield from _weights(value, f"{key}.{index}", prefix)
    elif isinstance(config, str) and config.startswith(prefix):
        yield key, config.removeprefix(prefix)
