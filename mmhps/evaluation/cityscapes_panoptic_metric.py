"""Panoptic quality during training and testing, in memory and exact over several processes."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmdet.registry import METRICS
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from mmhps.metrics.files import write_json, write_prediction
from mmhps.metrics.matching import PanopticStats, panoptic_stats
from mmhps.metrics.quality import format_panoptic_table, panoptic_quality
from mmhps.structures import Segment, predicted_segments
from mmhps.structures.id_formats import read_true_segments


@METRICS.register_module()
class CityscapesPanopticMetric(BaseMetric):
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

    Every image is scored where it was predicted; the processes exchange a few numbers per image.
    Images that a sampler repeats count once, missing ones are an error, and the sum runs in the
    order of the image ids: any number of processes gives the same digits.

    Args:
        outfile_prefix: Also write the predictions in the official format, to
            ``<outfile_prefix>.json`` and ``<outfile_prefix>/<img_id>.png``.
        format_only: Only write, score nothing: for images without ground truth.
        classwise: Whether the logged table has a line for each class.
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

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Score the images of one batch.

        Raises:
            FileNotFoundError, OSError, ValueError: Naming the image or its label file.
        """
        for sample in data_samples:
            ids, segments = self._read_prediction(sample)
            annotation = stats = None
            if self.outfile_prefix is not None:
                annotation = write_prediction(
                    self.outfile_prefix, sample["img_id"], ids, segments, self._meta("label_ids")
                )
            if not self.format_only:
                stats = self._score(sample, ids, segments)
            key = (str(sample["img_id"]), str(sample.get("seg_map_path")))
            self.results.append(dict(key=key, stats=stats, annotation=annotation))

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Add up the images, each once, and log the table.

        Returns:
            The nine values in percent (none with ``format_only``), and ``num_images``.
        """
        unique = {item["key"]: item for item in results}
        images = [unique[key] for key in sorted(unique)]
        metrics: dict[str, float] = dict(num_images=len(images))
        if self.outfile_prefix is not None:
            path = write_json(self.outfile_prefix, [item["annotation"] for item in images])
            print_log(f"Predictions are in {path}", logger="current")
        if self.format_only:
            return metrics
        classes, things = self._meta("classes"), self._meta("thing_classes")
        total = PanopticStats.total((item["stats"] for item in images), len(classes))
        result = panoptic_quality(total, [name in things for name in classes])
        table = format_panoptic_table(result, classes, self.classwise)
        print_log(f"Panoptic quality in percent\n{table}", logger="current")
        for group, suffix in (("All", ""), ("Things", "_th"), ("Stuff", "_st")):
            for key in ("pq", "sq", "rq"):
                metrics[key.upper() + suffix] = 100 * result[group][key]
        return metrics

    def evaluate(self, size: int) -> dict[str, float]:
        """Collect the results of all processes and compute the metrics.

        Args:
            size: Number of images of the dataset.

        Raises:
            RuntimeError: In every process, if images are missing.
        """
        # The base class would cut the collected list at size, which drops the repeated images
        # only if they come last. Here they are told apart by their keys.
        metrics = super().evaluate(sys.maxsize)
        found = metrics.pop(f"{self.prefix}/num_images")
        if found != size:
            raise RuntimeError(
                f"{type(self).__name__}: {found} different images were predicted, but the dataset "
                f"has {size}. Use a sampler that visits every image, and images with different "
                "img_id or seg_map_path."
            )
        return metrics

    def _meta(self, key: str) -> Any:
        """Return an entry of the dataset's meta information."""
        if key not in (self.dataset_meta or {}):
            raise ValueError(
                f"dataset_meta needs {key!r}, but has only {sorted(self.dataset_meta or {})}. Use "
                "CityscapesPanopticDataset or CocoPanopticIdDataset, or set metric.dataset_meta."
            )
        return self.dataset_meta[key]

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
