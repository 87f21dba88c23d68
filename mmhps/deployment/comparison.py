"""Compare exported files with the PyTorch model that they are made from, image by image."""

from __future__ import annotations

import datetime
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from tqdm import tqdm

from mmhps.apis import PanopticInferencer
from mmhps.metrics.matching import PanopticStats, count_overlaps, panoptic_stats
from mmhps.metrics.quality import panoptic_quality
from mmhps.pictures import list_pictures
from mmhps.results import PanopticResult
from mmhps.runtime import OnnxModel
from mmhps.structures import INSTANCE_OFFSET, VOID, distinct_ids, predicted_segments
from mmhps.structures.id_formats import read_true_segments

__all__ = ["Tally", "compare", "images_of_dataset", "instances_of", "renumbered"]

Truth = tuple[np.ndarray, list]
Images = Sequence[tuple[str, Callable[[], np.ndarray], Callable[[], Truth] | None]]
"""Name, how to read it as (H, W, 3) BGR, and how to read the ground truth if there is one."""

_SAME_SCORE = 1e-3


def images_of_folder(inputs: str) -> Images:
    """The images that a path, folder or pattern stands for; they have no ground truth."""
    return [(picture.source, picture.read, None) for picture in list_pictures(inputs)]


def images_of_dataset(cfg: Config) -> Images:
    """The images of a config's test data, with their ground truth."""
    init_default_scope("mmdet")
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    classes = dataset.metainfo["classes"]

    def truth_of(info: Mapping) -> Callable[[], Truth]:
        return lambda: read_true_segments(info, classes)

    return [
        (info["img_path"], list_pictures(info["img_path"])[0].read, truth_of(info))
        for info in infos
    ]


class Tally:
    """How one file does over many images.

    Args:
        things: Which of the C classes are things.
    """

    def __init__(self, things: Sequence[bool]) -> None:
        self._things = things
        self._stats: list[PanopticStats] = []
        self._shares: list[float] = []
        self._pixels = [0, 0]
        self._other = 0
        self.seconds: list[float] = []

    def compare(self, ids: np.ndarray, instances: list, expected: np.ndarray, others: list) -> None:
        """Add an image: maps (H, W), and label and score of each instance, of both."""
        different = int(np.count_nonzero(renumbered(ids, expected) != expected))
        self._pixels[0] += different
        self._pixels[1] += ids.size
        self._shares.append(different / ids.size)
        self._other += not _same(instances, others)

    def score(self, ids: np.ndarray, truth: Truth) -> None:
        """Add an image to the quality; its void is C."""
        classes = len(self._things)
        segments = predicted_segments(ids, classes, "prediction")
        self._stats.append(panoptic_stats(*truth, ids, segments, classes))

    def result(self) -> dict[str, float]:
        """Pixels that differ in percent (numbers of instances may be swapped), images with other
        instances, PQ in percent, times."""
        values = dict(ms=1000 * statistics.median(self.seconds))
        if self._shares:
            values |= {
                "different_percent": 100 * self._pixels[0] / self._pixels[1],
                "worst_image_percent": 100 * max(self._shares),
                "images_with_other_instances": self._other,
            }
        if self._stats:
            total = PanopticStats.total(self._stats, len(self._things))
            values["PQ"] = 100 * panoptic_quality(total, self._things)["All"]["pq"]
        return {key: round(value, 4) for key, value in values.items()}


def renumbered(ids: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Give the instances of a map the numbers that they have in another one.

    Numbers follow the scores, so that two instances may swap theirs. Each instance gets the id of
    the one of its class with most pixels in common, the largest overlaps first; what is left keeps
    a number that is not in the other map.

    Args:
        ids: (H, W) panoptic map.
        expected: (H, W), the other one.

    Returns:
        (H, W) int64.
    """
    overlaps = count_overlaps(expected, ids)
    instance = (overlaps.gt >= INSTANCE_OFFSET) & (overlaps.pred >= INSTANCE_OFFSET)
    alike = instance & (overlaps.gt % INSTANCE_OFFSET == overlaps.pred % INSTANCE_OFFSET)
    names: dict[int, int] = {}
    for k in np.argsort(-overlaps.pixels, kind="stable"):
        old, new = int(overlaps.pred[k]), int(overlaps.gt[k])
        if alike[k] and old not in names and new not in names.values():
            names[old] = new
    values, place = distinct_ids(ids)
    largest = max(int(part.max(initial=0)) for part in (ids, expected))
    beyond = INSTANCE_OFFSET * (1 + largest // INSTANCE_OFFSET)
    table = [names.get(v, v + beyond if v >= INSTANCE_OFFSET else v) for v in values.tolist()]
    return np.array(table, np.int64)[place]


def _same(instances: list[tuple[int, float]], others: list[tuple[int, float]]) -> bool:
    """Whether two lists agree in their labels, and nearly in their scores."""
    pairs = zip(sorted(instances), sorted(others), strict=False)
    return len(instances) == len(others) and all(
        a[0] == b[0] and abs(a[1] - b[1]) < _SAME_SCORE for a, b in pairs
    )


def instances_of(segments: Mapping[str, np.ndarray]) -> list[tuple[int, float]]:
    """Label and score of each instance in the outputs of an exported model."""
    pairs = zip(segments["labels"].tolist(), segments["scores"].tolist(), strict=True)
    return [(label, score) for label, score in pairs if score == score]


def compare(
    cfg: Config, checkpoint: str, files: Sequence[Path], images: Images, threads: int = 1
) -> dict[str, Any]:
    """Run the PyTorch model and exported files on the same images, one after the other.

    Args:
        cfg: Config of the model.
        checkpoint: Its weights.
        files: Exported files.
        images: See :data:`Images`.
        threads: Of either runtime.

    Returns:
        ``images`` their number, ``threads``, ``torch`` and, by the name of the file, what
        :meth:`Tally.result` says, and ``date``; of files also ``megabytes``.
    """
    torch.set_num_threads(threads)
    inferencer = PanopticInferencer(cfg, checkpoint, device="cpu", show_progress=False)
    meta = inferencer.model.dataset_meta
    things = [name in meta["thing_classes"] for name in meta["classes"]]
    models = {path.name: OnnxModel(path, threads) for path in files}
    tallies = {name: Tally(things) for name in ("torch", *models)}
    for _, read, truth in tqdm(images, desc="comparing", leave=False):
        image, true = read(), truth and truth()
        for name, panoptic, instances in _predictions(inferencer, models, image, tallies):
            if name == "torch":
                expected, others = panoptic, instances
            else:
                tallies[name].compare(panoptic, instances, expected, others)
            if true:
                tallies[name].score(panoptic, true)
    result: dict[str, Any] = dict(images=len(images), threads=threads)
    date = datetime.date.today().isoformat()
    result |= {name: tally.result() | {"date": date} for name, tally in tallies.items()}
    for path in files:
        result[path.name]["megabytes"] = round(path.stat().st_size / 1e6, 2)
    return result


def _predictions(
    inferencer: PanopticInferencer,
    models: Mapping[str, OnnxModel],
    image: np.ndarray,
    tallies: Mapping[str, Tally],
) -> Iterator[tuple[str, np.ndarray, list]]:
    """Name, panoptic map (void is C) and instances of the PyTorch model and of each file."""
    start = time.perf_counter()
    result = inferencer(image)["predictions"][0]
    tallies["torch"].seconds.append(time.perf_counter() - start)
    classes = len(result.meta["classes"])
    yield "torch", np.where(result.panoptic == VOID, classes, result.panoptic), _listed(result)
    rgb = np.ascontiguousarray(image[..., ::-1])
    for name, model in models.items():
        start = time.perf_counter()
        segments = model(rgb)
        tallies[name].seconds.append(time.perf_counter() - start)
        yield name, segments["panoptic_ids"], instances_of(segments)


def _listed(result: PanopticResult) -> list[tuple[int, float]]:
    """Label and score of each instance of a prediction."""
    number = {name: label for label, name in enumerate(result.meta["classes"])}
    segments = [segment for segment in result.segments if "score" in segment]
    return [(number[segment["category"]], segment["score"]) for segment in segments]
