"""Panoptic quality during training and testing, in memory and exact over several processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmdet.registry import METRICS
from mmengine.hooks import CheckpointHook, EarlyStoppingHook
from mmengine.logging import print_log

from mmhps.metrics.files import write_prediction
from mmhps.metrics.matching import PanopticStats, panoptic_stats
from mmhps.metrics.quality import format_panoptic_table, panoptic_quality
from mmhps.structures import Segment, predicted_segments
from mmhps.structures.id_formats import read_true_segments
from mmhps.structures.panoptic_json import write_json

from .per_image_metric import PerImageMetric

# save_best (also "auto") and early stopping need to know that more is better.
for _hook in (CheckpointHook, EarlyStoppingHook):
    _hook._default_greater_keys = [*_hook._default_greater_keys, "/PQ", "/SQ", "/RQ"]


@METRICS.register_module()
class CityscapesPanopticMetric(PerImageMetric):
    """PQ, SQ, RQ as the official Cityscapes evaluator computes them, in percent.

    Keys: ``PQ``, ``SQ``, ``RQ`` over all classes that occur, ``PQ_th``, … over things, ``PQ_st``,
    … over stuff; nan if no such class occurs.

    Each data sample needs

    - ``pred_panoptic_seg.sem_seg``: (1, H, W) or (H, W) integers at the size of the ground truth,
      ``label + 1000 * instance``; ``num_classes`` is void,
    - ``img_id``, ``seg_map_path``, ``id_format`` (``'cityscapes'`` or ``'coco'``), and for COCO
      ``segments`` (list of ``Segment``), as the datasets of this package give them;
      ``ori_shape``, the size of the image, is compared with that of the ground truth.

    The dataset's meta information needs ``classes`` and ``thing_classes``, for ``outfile_prefix``
    also ``label_ids`` (the category id of each label).

    How processes share the images: see :class:`PerImageMetric`.

    Args:
        outfile_prefix: Also write the predictions in the official format, to
            ``<outfile_prefix>.json`` and ``<outfile_prefix>/<img_id>.png``.
        format_only: Only write, score nothing: for images without ground truth.
        classwise: Whether the logged table has a line for each class.
        class_keys: Classes whose PQ is also returned by itself, as ``PQ_<class>``: for data where
            one class has most of the instances, and the mean over classes says little about it.
        collect_device: ``'cpu'`` or ``'gpu'``, see :class:`mmengine.evaluator.BaseMetric`.
        prefix: Put before the keys instead of ``cityscapes_panoptic``.
        collect_dir: Folder through which processes exchange results.

    Raises:
        ValueError: ``format_only`` without ``outfile_prefix``.
    """

    default_prefix = "cityscapes_panoptic"

    def __init__(
        self,
        outfile_prefix: str | None = None,
        format_only: bool = False,
        classwise: bool = True,
        class_keys: Sequence[str] = (),
        collect_device: str = "cpu",
        prefix: str | None = None,
        collect_dir: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix, collect_dir=collect_dir)
        if format_only and outfile_prefix is None:
            raise ValueError(
                "format_only=True writes predictions and nothing else: say where with "
                "outfile_prefix, which is None."
            )
        self.outfile_prefix = outfile_prefix
        self.format_only = format_only
        self.classwise = classwise
        self.class_keys = tuple(class_keys)

    def score(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        """Write a prediction, compare it with the ground truth, or both."""
        ids, segments = self._read_prediction(sample)
        annotation = stats = None
        if self.outfile_prefix is not None:
            annotation = write_prediction(
                self.outfile_prefix, sample["img_id"], ids, segments, self._meta("label_ids")
            )
        if not self.format_only:
            stats = self._score(sample, ids, segments)
        return dict(stats=stats, annotation=annotation)

    def total(self, images: Sequence[Mapping[str, Any]]) -> dict[str, float]:
        """Add up the images and log the table.

        Returns:
            The nine values and those of ``class_keys`` in percent; none with ``format_only``.

        Raises:
            ValueError: A class of ``class_keys`` is none of the dataset's.
        """
        metrics: dict[str, float] = {}
        if self.outfile_prefix is not None:
            path = write_json(self.outfile_prefix, [item["annotation"] for item in images])
            print_log(f"Predictions are in {path}", logger="current")
        if self.format_only:
            return metrics
        classes, things = self._meta("classes"), self._meta("thing_classes")
        unknown = set(self.class_keys) - set(classes)
        if unknown:
            raise ValueError(f"class_keys: {sorted(unknown)} are none of the classes {classes}.")
        total = PanopticStats.total((item["stats"] for item in images), len(classes))
        result = panoptic_quality(total, [name in things for name in classes])
        table = format_panoptic_table(result, classes, self.classwise)
        print_log(f"Panoptic quality in percent\n{table}", logger="current")
        for group, suffix in (("All", ""), ("Things", "_th"), ("Stuff", "_st")):
            for key in ("pq", "sq", "rq"):
                metrics[key.upper() + suffix] = 100 * result[group][key]
        for name in self.class_keys:
            metrics[f"PQ_{name}"] = 100 * result["per_class"][classes.index(name)]["pq"]
        return metrics

    def _read_prediction(self, sample: Mapping[str, Any]) -> tuple[np.ndarray, list[Segment]]:
        """Return a predicted id map, (H, W), and its segments."""
        if "pred_panoptic_seg" not in sample:
            raise ValueError(
                f"image {sample['img_id']!r}: the data sample has no pred_panoptic_seg, only "
                f"{sorted(sample)}. Use a model that predicts it."
            )
        seg = sample["pred_panoptic_seg"]["sem_seg"].cpu().numpy()
        ids = seg[0] if seg.ndim == 3 else seg
        return ids, predicted_segments(ids, len(self._meta("classes")), str(sample["img_id"]))

    def _score(
        self, sample: Mapping[str, Any], ids: np.ndarray, segments: list[Segment]
    ) -> PanopticStats:
        """Compare a prediction with the label file of its image."""
        classes = self._meta("classes")
        gt_ids, gt_segments = read_true_segments(sample, classes, sample.get("ori_shape"))
        if gt_ids.shape != ids.shape:
            raise ValueError(
                f"{sample['seg_map_path']}: height and width are {gt_ids.shape}, but {ids.shape} "
                "in the prediction. Predict at the original size (rescale=True)."
            )
        return panoptic_stats(gt_ids, gt_segments, ids, segments, len(classes))
