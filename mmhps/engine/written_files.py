"""A hook on predictions that are written to files: none is lost, and none is missing unnoticed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import BaseLoop, Runner

from mmhps.datasets.wrapping import innermost


class WrittenFilesHook(Hook):
    """Looks at the images whose predictions a metric writes (``outfile_prefix``).

    Two images with one id are an error before the first image: they have one file. Images that
    ``filter_cfg`` leaves out are warned of, because the official evaluator refuses such files.
    """

    def before_val_epoch(self, runner: Runner) -> None:
        """Look at the ids of the validation data."""
        self._check_ids(runner.val_loop, "val")

    def before_test_epoch(self, runner: Runner) -> None:
        """Look at the ids of the test data."""
        self._check_ids(runner.test_loop, "test")

    def after_val_epoch(self, runner: Runner, metrics: Mapping | None = None) -> None:
        """Look at what the validation data leaves out."""
        self._warn(runner.val_loop, "val")

    def after_test_epoch(self, runner: Runner, metrics: Mapping | None = None) -> None:
        """Look at what the test data leaves out."""
        self._warn(runner.test_loop, "test")

    def _check_ids(self, loop: BaseLoop, split: str) -> None:
        """Raise a ValueError if two images have one id, and so one file."""
        dataset = loop.dataloader.dataset
        if not _writes(loop) or not hasattr(dataset, "get_data_info"):
            return
        paths: dict[str, Any] = {}
        for index in range(len(dataset)):
            info = dataset.get_data_info(index)
            first = paths.setdefault(str(info["img_id"]), info["img_path"])
            if first != info["img_path"]:
                raise ValueError(
                    f"outfile_prefix: expected images with different ids, but {first} and "
                    f"{info['img_path']} both have {info['img_id']!r}, and would be written to one "
                    f"file. Test the parts of {split}_dataloader.dataset one after the other, each "
                    f"with an outfile_prefix of its own."
                )

    def _warn(self, loop: BaseLoop, split: str) -> None:
        left_out = sum(getattr(data, "left_out", 0) for data in innermost(loop.dataloader.dataset))
        if left_out and _writes(loop):
            print_log(
                f"filter_cfg left out {left_out} images, and the official evaluator refuses files "
                f"without them: set {split}_dataloader.dataset.filter_cfg=None",
                logger="current",
                level=logging.WARNING,
            )


def _writes(loop: BaseLoop) -> bool:
    """Whether a metric of the loop writes predictions."""
    return any(getattr(metric, "outfile_prefix", None) for metric in loop.evaluator.metrics)
