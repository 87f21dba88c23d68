"""The hook that draws predictions: a picture for each image, named after the image's id."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import mmcv
from mmdet.engine.hooks import DetVisualizationHook
from mmdet.registry import HOOKS
from mmdet.structures import DetDataSample
from mmengine.dist import is_main_process
from mmengine.fileio import get
from mmengine.runner import Runner

from .visualizer import PanopticLocalVisualizer

# Matplotlib's backends without windows; it chooses one of them where there is no display.
_WITHOUT_WINDOWS = {"agg", "cairo", "pdf", "pgf", "ps", "svg", "template"}


def check_display() -> None:
    """Raise a ValueError if no window can be opened: nothing would be shown, without a word."""
    backend = plt.get_backend().lower()
    if backend in _WITHOUT_WINDOWS:
        display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
        raise ValueError(
            f"show: no window can be opened here (matplotlib's backend is {backend}, DISPLAY is "
            f"{display or 'not set'}). Write pictures with --show-dir, or log in with `ssh -X`."
        )


def reserve(folder: Path, name: str) -> Path:
    """Make an empty ``NAME.png``, or ``NAME_2.png``, … if there is one; also among processes."""
    count = 1
    while True:
        path = folder / f"{name}{f'_{count}' if count > 1 else ''}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            count += 1
        else:
            return path


@HOOKS.register_module()
class PanopticVisualizationHook(DetVisualizationHook):
    """``DetVisualizationHook`` that loses no picture.

    The base class names pictures after the images' files, so that of equal names in several
    folders the last one remains. Here they are ``IMG_ID.png``, which may hold folders; ids that
    occur again get ``_2``, …, and no file that is there already is overwritten.

    Args:
        kwargs: See ``mmdet.engine.hooks.DetVisualizationHook``.

    Raises:
        ValueError: ``show`` is set where no window can be opened.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if self.show:
            check_display()

    def after_test_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict, outputs: Sequence[DetDataSample]
    ) -> None:
        """Draw the predictions of a batch."""
        everywhere = isinstance(self._visualizer, PanopticLocalVisualizer)
        if not self.draw or not (everywhere or is_main_process()):
            return
        for sample in outputs:
            self._test_index += 1
            image = mmcv.imfrombytes(
                get(sample.img_path, backend_args=self.backend_args), channel_order="rgb"
            )
            name, file = str(sample.metainfo.get("img_id", Path(sample.img_path).stem)), None
            if self.test_out_dir is not None:
                folder = Path(runner.work_dir, runner.timestamp, self.test_out_dir)
                file = str(reserve(folder, name))
            self._visualizer.add_datasample(
                name if self.show else "test_img",
                image,
                data_sample=sample,
                show=self.show,
                wait_time=self.wait_time,
                pred_score_thr=self.score_thr,
                out_file=file,
                step=self._test_index,
            )
