"""Look behind the wrappers of data sets, and at types whatever way a config names them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

REPEATING = ("RepeatDataset", "ClassBalancedDataset")
"""Wrappers that have an image several times."""


def type_name(config: Mapping[str, Any]) -> str:
    """The bare name of a config's ``type``: a name, one with a scope, a path or a class."""
    kind = config["type"]
    return (kind if isinstance(kind, str) else kind.__name__).rpartition(".")[2]


def innermost_configs(dataset: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The configs of the data sets in one that may be wrapped (``dataset``, ``datasets``)."""
    if "datasets" in dataset:
        return [leaf for part in dataset["datasets"] for leaf in innermost_configs(part)]
    return innermost_configs(dataset["dataset"]) if "dataset" in dataset else [dataset]


def innermost(dataset: Any) -> Iterator[Any]:
    """The data sets in one that may be wrapped."""
    parts = getattr(dataset, "datasets", None) or [getattr(dataset, "dataset", None)]
    for part in parts:
        if part is None:
            yield dataset
        else:
            yield from innermost(part)


def wrappers(dataset: Any) -> Iterator[str]:
    """The names of the wrappers around data sets, from outside."""
    parts = getattr(dataset, "datasets", None) or [getattr(dataset, "dataset", None)]
    for part in parts:
        if part is not None:
            yield type(dataset).__name__
            yield from wrappers(part)
