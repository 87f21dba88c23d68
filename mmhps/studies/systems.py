"""The systems that are compared, their configs, and what tables call them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mmengine.config import Config

SYSTEMS = {
    "semantic-plus-instance": "Semantic + Instance",
    "panoptic-fpn": "Panoptic FPN",
    "hps": "HPS",
    "hps-isi": "HPS + ISI",
}
"""The systems of the paper's Table 1, in its order, and their titles."""

SUFFIXES = {
    "mini": "r18_mini",
    "camvid": "r18_camvid",
    "kitti": "lite0_kitti",
    "cityscapes": "r101_cityscapes",
}
"""The folders of configs/ that hold all systems, and the end of the configs' names in each."""


def system_configs(configs: Path, dataset: str) -> list[Path]:
    """The configs of all systems on a data set.

    Args:
        configs: The folder configs/.
        dataset: One of ``SUFFIXES``.
    """
    return [configs / dataset / f"{system}_{SUFFIXES[dataset]}.py" for system in SYSTEMS]


def method_name(config: Path) -> str:
    """The name of a system or an ablation in stored results: ``hps`` of ``hps_r18_mini.py``."""
    return config.stem.partition("_")[0]


def titles_of(configs: Iterable[Path]) -> dict[str, str]:
    """What tables call each system or ablation, by its :func:`method_name`.

    An ablation says so in its config (``title``); without one, it is its name.
    """
    names = {method_name(path): path for path in configs}
    return {
        name: SYSTEMS.get(name) or Config.fromfile(path).get("title", name)
        for name, path in names.items()
    }
