"""Mean IoU of the semantic branch, from the same label files as panoptic quality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmdet.registry import METRICS
from mmengine.logging import print_log

from mmhps.structures.id_formats import read_true_segments

from .per_image_metric import PerImageMetric, requested


@METRICS.register_module()
class SemanticIoUMetric(PerImageMetric):
    """Mean intersection over union of all T + S classes, in percent, void left out.

    Keys as in MMSegmentation's ``IoUMetric``: ``mIoU`` and ``mAcc``, means over the classes that
    occur, and ``aAcc``, the share of right pixels.

    The ground truth comes from ``seg_map_path``, see ``CityscapesPanopticMetric``; the detector
    must be asked for its semantic map: ``model.test_cfg.outputs=["semantic"]``.
    """

    default_prefix = "semantic"

    def score(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        """Per class the pixels that are right, true and predicted: (3, C)."""
        predicted = requested(sample, "pred_sem_seg", "sem_seg", "semantic")
        predicted = predicted[0] if predicted.ndim == 3 else predicted
        classes = self._meta("classes")
        ids, segments = read_true_segments(sample, classes, sample.get("ori_shape"))
        if predicted.shape != ids.shape:
            raise ValueError(
                f"{sample['seg_map_path']}: height and width are {ids.shape}, but "
                f"{predicted.shape} in the prediction. Predict at the original size (rescale=True)."
            )
        table = np.full(int(ids.max(initial=0)) + 1, -1, dtype=np.int64)
        for segment in segments:
            if segment.id < len(table):
                table[segment.id] = segment.label
        truth = table[ids]
        truth, predicted = truth[truth >= 0], predicted[truth >= 0]
        parts = (truth[truth == predicted], truth, predicted)
        return dict(pixels=np.stack([np.bincount(p, minlength=len(classes)) for p in parts]))

    def total(self, images: Sequence[Mapping[str, Any]]) -> dict[str, float]:
        """Add up the images and log a line for each class."""
        classes = self._meta("classes")
        pixels = sum((image["pixels"] for image in images), np.zeros((3, len(classes))))
        right, true, predicted = pixels
        with np.errstate(invalid="ignore"):
            iou, accuracy = right / (true + predicted - right), right / true
            share = right.sum() / true.sum()
        lines = [
            f"{name:<20} IoU {100 * i:6.2f}  accuracy {100 * a:6.2f}"
            for name, i, a in zip(classes, iou, accuracy, strict=True)
        ]
        print_log("\n".join(["Semantic IoU in percent", *lines]), logger="current")
        return dict(mIoU=_mean(iou), mAcc=_mean(accuracy), aAcc=100 * float(share))


def _mean(values: np.ndarray) -> float:
    """The mean in percent of the values that exist; nan if none does."""
    values = values[~np.isnan(values)]
    return 100 * float(values.mean()) if values.size else float("nan")
