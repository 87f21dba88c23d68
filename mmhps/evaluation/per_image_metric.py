"""What the metrics share: each image is scored where it was predicted, and counts once."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.evaluator import BaseMetric


class PerImageMetric(BaseMetric):
    """Base of metrics whose result is computed from a few numbers per image.

    The processes exchange these numbers. Images that a sampler repeats count once, missing ones are
    an error, and they are added up in the order of the image ids: any number of processes gives the
    same digits.

    A subclass defines :meth:`score` and :meth:`total`.
    """

    def score(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        """The numbers of one image, given its data sample as a dictionary."""
        raise NotImplementedError

    def total(self, images: Sequence[Mapping[str, Any]]) -> dict[str, float]:
        """The metrics, given the numbers of all images."""
        raise NotImplementedError

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Score the images of one batch.

        Raises:
            FileNotFoundError, OSError, ValueError: Naming the image or its label file.
        """
        for sample in data_samples:
            key = (str(sample["img_id"]), str(sample.get("seg_map_path")))
            self.results.append(dict(key=key, **self.score(sample)))

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """The metrics, each image counted once, and ``num_images``."""
        unique = {item["key"]: item for item in results}
        images = [unique[key] for key in sorted(unique)]
        return dict(num_images=len(images), **self.total(images))

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


def requested(sample: Mapping[str, Any], field: str, key: str, output: str) -> Any:
    """What a detector predicts only where ``model.test_cfg.outputs`` asks for it, on the CPU.

    Raises:
        ValueError: It is not there.
    """
    if key not in sample.get(field, {}):
        raise ValueError(
            f"image {sample['img_id']!r}: the data sample has no {field}.{key}. Set "
            f'model.test_cfg.outputs=["{output}"], or give tools/test.py --metrics.'
        )
    return sample[field][key].cpu().numpy()
