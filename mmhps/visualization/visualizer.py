"""Visualizer that draws panoptic ground truth and predictions side by side."""

from collections.abc import Sequence

import mmcv
import numpy as np
from mmdet.registry import VISUALIZERS
from mmdet.structures import DetDataSample
from mmengine.dist import is_main_process
from mmengine.structures import PixelData
from mmengine.visualization import Visualizer

from mmhps.results import (
    PanopticResult,
    comparison_grid,
    legend_entries,
    resize_image,
    scaled_size,
)
from mmhps.results.overlay import as_rgb

from .ground_truth import read_ground_truth
from .palettes import palette_colors


@VISUALIZERS.register_module()
class PanopticLocalVisualizer(Visualizer):
    """Draw the panoptic ground truth and prediction of a sample over its image.

    Works with ``PanopticVisualizationHook`` and thus with ``tools/test.py --show-dir``::

        visualizer = dict(type='PanopticLocalVisualizer', name='visualizer')
        default_hooks = dict(visualization=dict(type='PanopticVisualizationHook'))

    Only panoptic maps are drawn: boxes and masks of the branches would cover them.

    Args:
        name: Name of the instance.
        image: See :class:`mmengine.visualization.Visualizer`.
        vis_backends: Where pictures go that have no ``out_file``, see the same class.
        save_dir: Folder of these backends.
        alpha: Opacity of the colours over the photo, 0..1.
        outline_width: Width of the instances' outlines, pixels; None chooses by image size.
        legend: Whether a strip below the picture names the classes in it.
        scale: Enlargement of the drawing, e.g. 3 for images of 256×128 pixels.
    """

    def __init__(
        self,
        name: str = "visualizer",
        image: np.ndarray | None = None,
        vis_backends: list[dict] | None = None,
        save_dir: str | None = None,
        alpha: float = 0.65,
        outline_width: int | None = None,
        legend: bool = True,
        scale: float = 1.0,
    ) -> None:
        super().__init__(name, image=image, vis_backends=vis_backends, save_dir=save_dir)
        self.alpha = alpha
        self.outline_width = outline_width
        self.legend = legend
        self.scale = scale

    def add_datasample(
        self,
        name: str,
        image: np.ndarray,
        data_sample: DetDataSample | None = None,
        draw_gt: bool = True,
        draw_pred: bool = True,
        show: bool = False,
        wait_time: float = 0,
        out_file: str | None = None,
        pred_score_thr: float = 0.3,
        step: int = 0,
    ) -> None:
        """Draw a sample and show it, write it to a file or hand it to the backends.

        Of several processes each writes the files of its own images; the first one does the rest.

        Args:
            name: Title of the window, or name of the picture for the backends.
            image: Grey or RGB image, (H, W[, 3]), 0..255.
            data_sample: Sample with ``pred_panoptic_seg``, and with ``gt_panoptic_seg`` or
                ``seg_map_path``. What it does not have is not drawn; without both (or without a
                sample) the picture is the image.
            draw_gt: Whether to draw the ground truth.
            draw_pred: Whether to draw the prediction.
            show: Whether to open a window.
            wait_time: Seconds the window stays open, 0 for ever.
            out_file: File to write; the backends get nothing then.
            pred_score_thr: Not used: a panoptic map has no scores. MMDetection's hook passes it.
            step: Step that the backends record.

        Raises:
            ValueError: The data set's classes are not known, or a map holds an unknown label.
        """
        drawing = as_rgb(image)
        if data_sample is not None:
            drawing = self._draw_sample(drawing, data_sample.cpu(), draw_gt, draw_pred)
        self.set_image(drawing)  # get_image() returns the drawing, as in MMDetection
        if show and is_main_process():
            self.show(drawing, win_name=name, wait_time=wait_time)
        if out_file is not None:
            mmcv.imwrite(drawing[..., ::-1], out_file)
        elif is_main_process():
            self.add_image(name, drawing, step)

    def _draw_sample(
        self, image: np.ndarray, sample: DetDataSample, draw_gt: bool, draw_pred: bool
    ) -> np.ndarray:
        """Draw what there is of ground truth and prediction, (H', W', 3) uint8."""
        results: dict[str, PanopticResult] = {}
        truth = self._ground_truth(sample, image.shape[:2]) if draw_gt else None
        if truth is not None:
            results["ground truth"] = PanopticResult(truth, self._known_meta())
        if draw_pred and "pred_panoptic_seg" in sample:
            ids = _panoptic_map(sample.pred_panoptic_seg)
            results["prediction"] = PanopticResult.of_prediction(ids, self._known_meta())
        if not results:
            return image
        return self._draw_results(image, results)

    def _draw_results(self, image: np.ndarray, results: dict[str, PanopticResult]) -> np.ndarray:
        """Draw results side by side under their names."""
        classes, palette = (self._known_meta()[key] for key in ("classes", "palette"))
        size = scaled_size(image.shape[:2], self.scale)
        image = resize_image(image, size)
        resized = [result.resized(size) for result in results.values()]
        drawings = [
            result.overlay(image, self.alpha, self.outline_width, legend=False)
            for result in resized
        ]
        entries = legend_entries([result.panoptic for result in resized], classes, palette)
        titles = list(results) if len(results) > 1 else []
        return comparison_grid([drawings], titles, entries if self.legend else [])

    def _ground_truth(self, sample: DetDataSample, size: tuple[int, int]) -> np.ndarray | None:
        """Return the ground truth that fits the image best, or None if there is none.

        A map of the image's size went through the same transforms as the image. Otherwise the
        label file has the original size, which the hooks draw at.
        """
        packed = _panoptic_map(sample.gt_panoptic_seg) if "gt_panoptic_seg" in sample else None
        if packed is not None and packed.shape == size:
            return packed
        if sample.metainfo.get("seg_map_path"):
            truth = read_ground_truth(
                sample.metainfo, self._meta("classes"), self._meta("thing_classes")
            )
            if truth.shape == size or packed is None:
                return truth
        return packed

    def _known_meta(self) -> dict:
        """The data set's meta information, with its classes and a colour for each."""
        palette = palette_colors(
            (self.dataset_meta or {}).get("palette"), len(self._meta("classes"))
        )
        return {**self.dataset_meta, "palette": palette}

    def _meta(self, key: str) -> Sequence[str]:
        """Return an entry of the data set's meta information."""
        meta = self.dataset_meta or {}
        if meta.get(key) is None:
            raise ValueError(
                f"dataset_meta: expected the key {key!r}, got {sorted(meta)}. A Runner sets it "
                f"from its data set; otherwise set visualizer.dataset_meta = dataset.metainfo."
            )
        return meta[key]


def _panoptic_map(data: PixelData) -> np.ndarray:
    """Return the (H, W) map of a ``PixelData`` whose ``sem_seg`` is (1, H, W)."""
    return np.asarray(data.sem_seg)[0]
