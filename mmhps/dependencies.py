"""Check that MMEngine, MMCV and MMDetection are installed and usable.

The three come from one of two families of distributions, the original OpenMMLab packages or their
continuation onedl, which share their import names and overwrite each other. mmhps requires the
latter and works with the former. This module reports what is missing, too old or installed twice,
before an import fails for less obvious reasons.
"""

from __future__ import annotations

import importlib
import importlib.util
from importlib import metadata
from typing import NamedTuple


class Needed(NamedTuple):
    """A module that mmhps is built on, the distributions of it, and its oldest usable version."""

    module: str
    distributions: tuple[str, ...]
    oldest: str


NEEDED = (
    Needed("mmengine", ("onedl-mmengine", "mmengine"), "0.10.4"),
    Needed("mmcv", ("onedl-mmcv", "mmcv", "mmcv-lite"), "2.1.0"),
    Needed("mmdet", ("onedl-mmdetection", "mmdet"), "3.3.0"),
)
HOW_TO_INSTALL = (
    "In a clone of mmhps, `pip install '.[train]'` installs all three as onedl-… (torch 2.4 or "
    "newer), and `make env` does so in .venv. For the original packages see docs/get_started.md."
)


def installed_version(distribution: str) -> str | None:
    """The version of an installed distribution, None if it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def problem(needed: Needed) -> str | None:
    """What is wrong with one module, None if nothing is."""
    found = {name: installed_version(name) for name in needed.distributions}
    found = {name: version for name, version in found.items() if version}
    if len(found) > 1:
        all_of_them = " and ".join(f"{name} {version}" for name, version in found.items())
        return (
            f"{all_of_them} are installed side by side and overwrite each other's files. Remove "
            f"them (pip uninstall {' '.join(found)}), then install one."
        )
    for name, version in found.items():
        from packaging.version import Version  # not there without the extra train

        if Version(version) < Version(needed.oldest):
            return f"{name} {version} is too old: mmhps needs {needed.oldest} or newer."
    # A module may also lie on the path without any distribution, as a source checkout does.
    if not found and importlib.util.find_spec(needed.module) is None:
        return f"{needed.module} is missing (distribution {' or '.join(needed.distributions)})."
    return None


def check_dependencies() -> None:
    """Make sure that MMEngine, MMCV and MMDetection can be used.

    Raises:
        ImportError: Says what is missing, too old, there twice or not loading, and what to do.
    """
    problems = [text for text in map(problem, NEEDED) if text]
    if problems:
        raise ImportError("\n".join(["mmhps cannot be used:", *problems, HOW_TO_INSTALL]))
    try:
        importlib.import_module("cv2")
    except ImportError as error:
        raise ImportError(
            f"mmhps cannot be used: OpenCV does not load ({error}). If a library of the system is "
            "missing, take the build that needs none:\n"
            "  pip install --force-reinstall --no-deps 'opencv-python-headless<4.13'"
        ) from error
