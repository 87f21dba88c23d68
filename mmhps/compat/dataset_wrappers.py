"""Let the wrappers of data sets hand on what the data sets of mmhps take and know.

Concat, Repeat and ClassBalanced make another index of the one that they get, and the random numbers
that a sampler of mmhps gives to an image get lost: a resumed run would draw others. And
``ClassBalancedDataset`` asks what it wraps for ``get_cat_ids``, which only some wrappers have.
The first can be removed when mmengine hands indices on, the second when all of its wrappers have
``get_cat_ids``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from mmdet.datasets import MultiImageMixDataset
from mmengine.dataset import ClassBalancedDataset, ConcatDataset, RepeatDataset


def complete_wrappers() -> None:
    """Complete the four wrappers."""
    for wrapper in (ClassBalancedDataset, ConcatDataset, MultiImageMixDataset, RepeatDataset):
        wrapper.__getitem__ = _seeding(wrapper.__getitem__)
    ConcatDataset.get_cat_ids = _get_cat_ids_of_a_part
    RepeatDataset.get_cat_ids = ClassBalancedDataset.get_cat_ids
    MultiImageMixDataset.get_cat_ids = lambda self, idx: self.dataset.get_cat_ids(idx)


def _seeding(getitem: Callable) -> Callable:
    """Set the random numbers of a ``SeededIndex`` before the wrapper makes another index of it."""

    @wraps(getitem)
    def seeded(self: Any, idx: int) -> Any:
        if hasattr(idx, "set_seed"):
            idx.set_seed()
        return getitem(self, idx)

    return seeded


def _get_cat_ids_of_a_part(self: ConcatDataset, idx: int) -> list[int]:
    part, index = self._get_ori_dataset_idx(idx)
    return self.datasets[part].get_cat_ids(index)
