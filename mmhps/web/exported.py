"""The exported file of the shipped model, made when it is first needed."""

from __future__ import annotations

import os
from pathlib import Path

from mmhps.apis.model_zoo import DEFAULT_MODEL, find_model, published_weights, zoo_root
from mmhps.version import __version__

__all__ = ["default_onnx"]


def default_onnx() -> Path:
    """The shipped model as an ONNX file: the one in the cache, or else a new one.

    The cache is ``mmhps`` in ``$XDG_CACHE_HOME``, or in ``~/.cache``. The name of the file holds
    the first digits of the checkpoint's sha256 and the version of mmhps.

    Raises:
        FileNotFoundError: The shipped model was not installed.
        ModuleNotFoundError: A package is missing.
    """
    entry = find_model(DEFAULT_MODEL)
    weights = published_weights(entry)
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "mmhps")
    path = folder / f"{weights.stem}-{__version__}.onnx"
    if not path.is_file():
        print(f"Exporting {DEFAULT_MODEL} to {path}, once; this takes a minute …", flush=True)
        _export(zoo_root() / entry["Config"], weights, path)
    return path


def _export(config: Path, weights: Path, path: Path) -> None:
    """Export, and let the file appear when it is complete."""
    from mmengine.config import Config

    from mmhps import register_all_modules
    from mmhps.deployment.export import export_onnx

    register_all_modules()
    partial = path.with_suffix(f".{os.getpid()}")
    try:
        export_onnx(Config.fromfile(config), weights, partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
