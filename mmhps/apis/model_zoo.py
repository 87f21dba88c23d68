"""Find the models that the metafiles list, and their published weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.fileio import load

from mmhps.runtime.shipped import INDEX, SHIPPED_MODEL, zoo_root

WEIGHTS_ADDRESS = "https://example.org/mmhps/"
"""Where the files of checkpoints/ are hosted: all ``Weights`` of the metafiles begin with it."""

NOT_PUBLISHED = "not published/"
"""``Weights`` of a model without any.

mim fails on models without this key, and takes what follows the last slash as the name of the
file: with none, it has nothing to download and writes the config alone.
"""
DEFAULT_MODEL = SHIPPED_MODEL


def metafiles(root: Path) -> list[Path]:
    """The metafiles that the index imports."""
    return [root / name for name in load(root / INDEX)["Import"]]


def read_models(root: Path) -> dict[str, dict[str, Any]]:
    """The entries of all models by name, in the order of the metafiles."""
    return {model["Name"]: model for path in metafiles(root) for model in load(path)["Models"]}


def weights_file(model: Mapping[str, Any]) -> str:
    """The name of a model's published file; empty if there is none."""
    return model["Weights"].rpartition("/")[2]


def find_model(name: str) -> dict[str, Any]:
    """The entry of a model.

    Raises:
        FileNotFoundError: There is no such model, or the metafiles were not installed.
    """
    models = read_models(zoo_root())
    if name not in models:
        ready = [key for key, model in models.items() if "Results" in model and weights_file(model)]
        others = [key for key in models if key not in ready]
        raise FileNotFoundError(
            f"{name}: there is no such config, and no model of that name. Check the path, or "
            f"choose one with published weights ({', '.join(ready)}) or one to name weights for "
            f"({', '.join(others)})."
        )
    return models[name]


def published_weights(model: Mapping[str, Any]) -> Path:
    """The published weights of a model: those of checkpoints/, or else downloaded.

    Downloads are kept in the cache of torch.hub. Their sha256 must begin with the digits in the
    name of the file.

    Args:
        model: Its entry.

    Raises:
        FileNotFoundError: There are none.
        OSError: They cannot be downloaded.
        ValueError: What was downloaded is another file.
    """
    file = weights_file(model)
    if not file:
        raise FileNotFoundError(
            f"{model['Name']}: no weights of it are published. Train it, `python tools/train.py "
            f"{model['Config']}`, and name the checkpoint."
        )
    shipped = zoo_root() / "checkpoints" / file
    return shipped if shipped.is_file() else _download(model["Weights"])


def _download(address: str) -> Path:
    """Download a file with the first digits of its sha256 in its name, unless it is there."""
    path = Path(torch.hub.get_dir(), "checkpoints", address.rpartition("/")[2])
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(address, str(path), path.stem.rpartition("-")[2])
    except OSError as error:
        raise OSError(
            f"{address}: cannot be downloaded ({error}). Check the connection, or put the file "
            f"into {path.parent}."
        ) from error
    except RuntimeError as error:  # the hash
        raise ValueError(f"{address}: is not the published file ({error}).") from error
    return path
