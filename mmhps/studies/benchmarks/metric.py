"""Panoptic quality against the official evaluator, in memory and from files.

Both score the same maps with 60 segments, and must get the same numbers. The evaluator has no
function for arrays: in memory, its `pq_compute_single_core` runs with its image reader replaced by
the arrays. From files, the evaluator uses a process on each core and we as many threads; a further
row tells the ratio of a command that does nothing but decode.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from cityscapesscripts.evaluation import evalPanopticSemanticLabeling as official
from PIL import Image

from mmhps.compat.patching import replaced
from mmhps.metrics import PanopticFiles, score_files
from mmhps.metrics.matching import PanopticStats, panoptic_stats
from mmhps.metrics.quality import panoptic_quality
from mmhps.studies.benchmarks.scenes import CATEGORIES, LabelMap, label_map
from mmhps.studies.timing import Row, compare


def annotation(scene: LabelMap, name: str) -> dict:
    """What a COCO panoptic file says of a map."""
    areas = dict(zip(*np.unique(scene.ids, return_counts=True), strict=True))
    infos = [
        dict(id=key, category_id=label + 1, iscrowd=0, area=int(areas[key]), bbox=[0, 0, 1, 1])
        for key, label in scene.labels.items()
    ]
    return dict(image_id=name, file_name=f"{name}.png", segments_info=infos)


def make_pair(width: int, height: int, segments: int, seed: int = 0) -> tuple[LabelMap, LabelMap]:
    """True and predicted maps: the prediction is shifted by some pixels."""
    truth = label_map(width, height, segments - 11, 11, seed)
    shifted = np.roll(truth.ids, (3, -5), axis=(0, 1))
    return truth, LabelMap(2 * shifted, {2 * key: label for key, label in truth.labels.items()})


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """Suppress the evaluator's own output."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield


def in_memory(pair: tuple[LabelMap, LabelMap], repeats: int) -> tuple[Row, bool]:
    """Compare on arrays; returns the row and whether the numbers agree."""
    gt, pred = pair
    annotations = [(annotation(gt, "gt"), annotation(pred, "pred"))]
    categories = {item["id"]: item for item in CATEGORIES}
    arrays = {"gt.png": gt.rgb, "pred.png": pred.rgb}

    def peer() -> official.PQStat:
        reader = SimpleNamespace(open=lambda path: arrays[Path(path).name])
        with silent(), replaced(official, "Image", reader):
            return official.pq_compute_single_core(0, annotations, "", "", categories)

    def ours() -> PanopticStats:
        return panoptic_stats(gt.ids, gt.segments, pred.ids, pred.segments, len(CATEGORIES))

    things = [item["isthing"] == 1 for item in CATEGORIES]
    mine = panoptic_quality(ours(), things)["All"]
    theirs, _ = peer().pq_average(categories, isthing=None)
    agree = all(abs(mine[key] - theirs[key]) < 1e-9 for key in ("pq", "sq", "rq"))
    return compare("in memory", ours, peer, 5.0, repeats), agree


def from_files(
    pairs: Sequence[tuple[LabelMap, LabelMap]], folder: Path, repeats: int
) -> tuple[list[Row], bool]:
    """Compare on files; returns the rows and whether the numbers agree."""
    paths: dict[str, Path] = {}
    for name, which in (("gt", 0), ("pred", 1)):
        (folder / name).mkdir()
        annotations: list[dict] = []
        for index, pair in enumerate(pairs):
            Image.fromarray(pair[which].rgb).save(folder / name / f"{index}.png")
            annotations.append(annotation(pair[which], str(index)))
        images = [dict(id=str(index)) for index in range(len(pairs))]
        content = dict(annotations=annotations, categories=CATEGORIES, images=images)
        paths[name] = folder / f"{name}.json"
        paths[name].write_text(json.dumps(content), encoding="utf-8")

    def peer() -> dict:
        with silent():
            return official.evaluatePanoptic(
                paths["gt"], folder / "gt", paths["pred"], folder / "pred", folder / "theirs.json"
            )

    def ours() -> dict:
        with contextlib.redirect_stderr(io.StringIO()):
            return score_files(
                PanopticFiles.read(paths["gt"], folder / "gt"),
                PanopticFiles.read(paths["pred"], folder / "pred"),
            )

    def decode() -> None:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda path: Image.open(path).load(), folder.glob("*/*.png")))

    mine, theirs = ours()["All"], peer()["All"]
    agree = all(abs(mine[key] - theirs[key]) < 1e-9 for key in ("pq", "sq", "rq"))
    return [
        compare(f"from files, {len(pairs)} images", ours, peer, 3.0, repeats),
        compare("if we only decoded the PNGs", decode, peer, None, repeats),
    ], agree


def run(
    repeats: int = 5, size: tuple[int, int] = (2048, 1024), segments: int = 60, images: int = 6
) -> tuple[list[Row], bool]:
    """Compare in memory and from files; the numbers must agree."""
    pairs = [make_pair(*size, segments, seed) for seed in range(images)]
    memory, agree_memory = in_memory(pairs[0], repeats)
    with tempfile.TemporaryDirectory() as folder:
        files, agree_files = from_files(pairs, Path(folder), repeats)
    return [memory, *files], agree_memory and agree_files
