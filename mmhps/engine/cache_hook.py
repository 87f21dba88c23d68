"""Fill the caches of the training data before the first step."""

from __future__ import annotations

from mmengine.dist import get_dist_info
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmhps.datasets.wrapping import innermost


class CacheHook(Hook):
    """Fills the cache of each training data set that has one; processes share the work."""

    def before_train(self, runner: Runner) -> None:
        """Fill the caches; see :meth:`mmhps.datasets.PanopticIdDataset.fill_cache`."""
        rank, processes = get_dist_info()
        for dataset in innermost(runner.train_dataloader.dataset):
            if hasattr(dataset, "fill_cache"):
                dataset.fill_cache(rank, processes)
