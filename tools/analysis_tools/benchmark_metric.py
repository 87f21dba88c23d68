"""Time panoptic quality against the official evaluator, in memory and from files.

    python tools/analysis_tools/benchmark_metric.py

Both score the same maps with 60 segments, and must get the same numbers. The evaluator has no
function for arrays: in memory, its `pq_compute_single_core` runs with its image reader replaced by
the arrays. From files, both commands' functions use all cores; a further row tells the ratio of a
command that does nothing but decode. The last line is a JSON object; the status is 1 if a target is
missed.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
from cityscapesscripts.evaluation import evalPanopticSemanticLabeling as official
from PIL import Image

from mmhps.metrics import PanopticFiles, score_files
from mmhps.metrics.matching import PanopticStats, panoptic_stats
from mmhps.metrics.quality import panoptic_quality
from mmhps.structures import Segment
from mmhps.structures.id_formats import CITYSCAPES_CLASSES, THING_CLASSES
from mmhps.studies.timing import compare, finish

CATEGORIES = [
    dict(id=label + 1, name=name, isthing=int(name in THING_CLASSES))
    for label, name in enumerate(CITYSCAPES_CLASSES)
]


@dataclass
class Labelled:
    """An id map and the classes of its segments."""

    ids: np.ndarray
    labels: dict[int, int]

    @property
    def segments(self) -> list[Segment]:
        """For us."""
        return [Segment(key, label, False) for key, label in self.labels.items()]

    def annotation(self, name: str) -> dict:
        """For the official evaluator, and for files."""
        areas = dict(zip(*np.unique(self.ids, return_counts=True), strict=True))
        infos = [
            dict(id=key, category_id=label + 1, iscrowd=0, area=int(areas[key]), bbox=[0, 0, 1, 1])
            for key, label in self.labels.items()
        ]
        return dict(image_id=name, file_name=f"{name}.png", segments_info=infos)

    @property
    def rgb(self) -> np.ndarray:
        """(H, W, 3) uint8, as the files hold it."""
        return np.stack([self.ids % 256, self.ids // 256 % 256, self.ids // 65536], -1).astype(
            np.uint8
        )


def make_pair(
    width: int, height: int, segments: int, rng: np.random.Generator
) -> tuple[Labelled, Labelled]:
    """True and predicted maps: rectangles on rectangles, the prediction shifted by some pixels."""
    ids = np.ones((height, width), dtype=np.int32)
    for key in range(2, segments + 1):
        h, w = rng.integers(height // 20, height // 3), rng.integers(width // 40, width // 5)
        y, x = rng.integers(0, height - h), rng.integers(0, width - w)
        ids[y : y + h, x : x + w] = key
    labels = {int(key): int(rng.integers(len(CATEGORIES))) for key in np.unique(ids)}
    shifted = np.roll(ids, (3, -5), axis=(0, 1))
    # As many ids as in a real file: three bytes.
    return Labelled(ids * 1001, {k * 1001: v for k, v in labels.items()}), Labelled(
        shifted * 2003, {k * 2003: v for k, v in labels.items()}
    )


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """Without the evaluator's own output."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield


def in_memory(pair: tuple[Labelled, Labelled], repeats: int) -> tuple:
    """Compare on arrays; returns the row and whether the numbers agree."""
    gt, pred = pair
    annotations = [(gt.annotation("gt"), pred.annotation("pred"))]
    categories = {item["id"]: item for item in CATEGORIES}
    arrays = {"gt.png": gt.rgb, "pred.png": pred.rgb}

    def peer() -> official.PQStat:
        reader = mock.Mock(open=lambda path: arrays[Path(path).name])
        with silent(), mock.patch.object(official, "Image", reader):
            return official.pq_compute_single_core(0, annotations, "", "", categories)

    def ours() -> PanopticStats:
        return panoptic_stats(gt.ids, gt.segments, pred.ids, pred.segments, len(CATEGORIES))

    things = [item["isthing"] == 1 for item in CATEGORIES]
    mine = panoptic_quality(ours(), things)["All"]
    theirs, _ = peer().pq_average(categories, isthing=None)
    agree = all(abs(mine[key] - theirs[key]) < 1e-9 for key in ("pq", "sq", "rq"))
    return compare("in memory", ours, peer, 5.0, repeats), agree


def from_files(pairs: Sequence[tuple[Labelled, Labelled]], folder: Path, repeats: int) -> tuple:
    """Compare on files; returns the rows and whether the numbers agree."""
    paths: dict[str, Path] = {}
    for name, which in (("gt", 0), ("pred", 1)):
        (folder / name).mkdir()
        annotations = []
        for index, pair in enumerate(pairs):
            Image.fromarray(pair[which].rgb).save(folder / name / f"{index}.png")
            annotations.append(pair[which].annotation(str(index)))
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


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, nargs=2, default=(2048, 1024), metavar=("W", "H"))
    parser.add_argument("--segments", type=int, default=60)
    parser.add_argument("--images", type=int, default=6, help="of the comparison on files")
    parser.add_argument("--repeats", type=int, default=5, help="timed calls of each")
    parser.add_argument("--out", type=Path, help="also write the values to this JSON file")
    args = parser.parse_args(argv)
    rng = np.random.default_rng(0)
    pairs = [make_pair(*args.size, args.segments, rng) for _ in range(args.images)]
    memory, agree_memory = in_memory(pairs[0], args.repeats)
    with tempfile.TemporaryDirectory() as folder:
        files, agree_files = from_files(pairs, Path(folder), args.repeats)
    sys.exit(not finish([memory, *files], agree_memory and agree_files, args.out))


if __name__ == "__main__":
    main()
