"""Mask AP of the instance branch, from the same label files as panoptic quality."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmdet.registry import METRICS
from mmengine.logging import print_log
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmhps.structures.id_formats import read_true_segments

from .per_image_metric import PerImageMetric, requested

_MAX_DETECTIONS = [100, 300, 1000]  # those of MMDetection's CocoMetric
_STATISTICS = ("mAP", "mAP_50", "mAP_75", "mAP_s", "mAP_m", "mAP_l")


@METRICS.register_module()
class MaskAPMetric(PerImageMetric):
    """COCO's mask AP as pycocotools computes it, without a COCO file.

    Keys as in MMDetection's ``CocoMetric``, in 0..1: ``segm_mAP``, ``segm_mAP_50``,
    ``segm_mAP_75``, and ``segm_mAP_s``, ``_m``, ``_l`` for areas below 32², 96² and above; nan
    where there is no such instance. Crowds neither count nor harm.

    The ground truth comes from ``seg_map_path``, see ``CityscapesPanopticMetric``; the detector
    must be asked for its masks: ``model.test_cfg.outputs=["masks"]``. They are those of the
    instance branch, before the fusion, above ``model.test_cfg.rcnn.score_thr``, which is high for
    the sake of the fusion: Mask R-CNN is scored with 0.05.
    """

    default_prefix = "coco"

    def score(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        """Masks of an image, true and predicted, run-length encoded."""
        masks = requested(sample, "pred_instances", "masks", "masks")
        found = sample["pred_instances"]
        predictions = [
            dict(category_id=label, score=score, segmentation=_encode(mask))
            for mask, label, score in zip(
                masks, found["labels"].tolist(), found["scores"].tolist(), strict=True
            )
        ]
        ids, segments = read_true_segments(sample, self._meta("classes"), sample.get("ori_shape"))
        if len(masks) and masks.shape[1:] != ids.shape:
            raise ValueError(
                f"{sample['seg_map_path']}: height and width are {ids.shape}, but "
                f"{masks.shape[1:]} in the prediction. Predict at the original size (rescale=True)."
            )
        things = len(self._meta("thing_classes"))
        truth = [
            dict(category_id=s.label, iscrowd=int(s.iscrowd), segmentation=_encode(ids == s.id))
            for s in segments
            if s.label < things
        ]
        return dict(truth=truth, predictions=predictions, size=ids.shape)

    def total(self, images: Sequence[Mapping[str, Any]]) -> dict[str, float]:
        """Run pycocotools on all images."""
        with contextlib.redirect_stdout(io.StringIO()):
            scoring = COCOeval(self._coco(images, "truth"), self._coco(images, "predictions"))
            scoring.params.iouType = "segm"
            scoring.params.maxDets = _MAX_DETECTIONS
            scoring.evaluate()
            scoring.accumulate()
            scoring.summarize()
        values = [float(value) if value >= 0 else np.nan for value in scoring.stats[:6]]
        metrics = {f"segm_{k}": v for k, v in zip(_STATISTICS, values, strict=True)}
        line = "  ".join(f"{key} {value:.3f}" for key, value in metrics.items())
        print_log(f"Mask AP\n{line}", logger="current")
        return metrics

    def _coco(self, images: Sequence[Mapping[str, Any]], key: str) -> COCO:
        """The annotations of all images as pycocotools holds them."""
        coco, annotations = COCO(), []
        for number, image in enumerate(images, start=1):
            for entry in image[key]:
                area = float(coco_mask.area(entry["segmentation"]))
                bbox = coco_mask.toBbox(entry["segmentation"]).tolist()
                number_ = len(annotations) + 1  # 0 would count as unmatched
                more = dict(id=number_, image_id=number, area=area, bbox=bbox)
                annotations.append({"iscrowd": 0, **entry, **more})
        coco.dataset = dict(
            images=[
                dict(id=number, height=image["size"][0], width=image["size"][1])
                for number, image in enumerate(images, start=1)
            ],
            categories=[
                dict(id=label, name=name) for label, name in enumerate(self._meta("thing_classes"))
            ],
            annotations=annotations,
        )
        coco.createIndex()
        return coco


def _encode(mask: np.ndarray) -> dict:
    return coco_mask.encode(np.asfortranarray(mask, dtype=np.uint8))
