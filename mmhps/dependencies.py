"""Check that MMEngine, MMCV and MMDetection are there and can be used.

The three come from one of two distributions, the original OpenMMLab packages or their continuation
onedl, which share their import names. mmhps therefore requires neither; what is missing is said
here, before an import fails somewhere inside.
"""

from __future__ import annotations

import importlib
import importlib.util
from importlib import metadata
from typing import NamedTuple

from packaging.version import Version


class Needed(NamedTuple):
    """A module that mmhps is built on: its two distributions and its oldest usable version."""

    module: str
    openmmlab: str
    onedl: str
    oldest: str


NEEDED = (
    Needed("mmengine", "mmengine", "onedl-mmengine", "0.10.4"),
    Needed("mmcv", "mmcv", "onedl-mmcv", "2.1.0"),
    Needed("mmdet", "mmdet", "onedl-mmdetection", "3.3.0"),
)
HOW_TO_INSTALL = (
    "Install one of the two extras of mmhps, with torch already there:\n"
    "  pip install --no-build-isolation 'mmhps[onedl]'      (torch 2.4 or newer)\n"
    "  pip install --no-build-isolation 'mmhps[openmmlab]'  (the original packages)\n"
    "In a clone of the repository `make test` does all of it, in .venv."
)


def installed_version(distribution: str) -> str | None:
    """The version of an installed distribution, None if it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def problem(needed: Needed) -> str | None:
    """What is wrong with one module, None if nothing is."""
    found = {name: installed_version(name) for name in (needed.openmmlab, needed.onedl)}
    found = {name: version for name, version in found.items() if version}
    if len(found) == 2:
        both = " and ".join(f"{name} {version}" for name, version in found.items())
        return (
            f"{both} are both installed and overwrite each other's files. Remove both "
            f"(pip uninstall {needed.openmmlab} {needed.onedl}), then install one."
        )
    for name, version in found.items():
        if Version(version) < Version(needed.oldest):
            return f"{name} {version} is too old: mmhps needs {needed.oldest} or newer."
    # A module may also lie on the path without any distribution, as a source checkout does.
    if not found and importlib.util.find_spec(needed.module) is None:
        return f"{needed.module} is missing (distribution {needed.onedl} or {needed.openmmlab})."
    return None


def check_dependencies() -> None:
    """Makes sure that MMEngine, MMCV with its compiled operators and MMDetection can be used.

    Raises:
        ImportError: Says what is missing, too old or installed twice, and what to do.
    """
    problems = [text for text in map(problem, NEEDED) if text]
    if problems:
        raise ImportError("\n".join(["mmhps cannot be used:", *problems, HOW_TO_INSTALL]))
    try:
        importlib.import_module("mmcv._ext")
    except ImportError as error:
        raise ImportError(
            f"mmhps cannot be used: mmcv's compiled operators do not load ({error}). Either this "
            "is mmcv-lite, or mmcv was built against another torch. Build it for the installed "
            "one:\n  pip install --force-reinstall --no-deps --no-cache-dir --no-build-isolation "
            "onedl-mmcv"
        ) from error
