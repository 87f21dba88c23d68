"""Time the loading of panoptic ground truth against MMDetection's pipeline.

    python tools/analysis_tools/benchmark_loading.py

Both read the same image and the same COCO panoptic PNG, resize them to half the size, flip them and
pack them for a detector; both give boxes, masks, classes and a semantic map, ours a panoptic map as
well. The image's own decoding is part of both; a second row leaves it out, a third one tells the
ratio of a pipeline that does nothing but decode. panopticapi, which
MMDetection needs for its `rgb2id`, is replaced by the three lines that it takes. The last line is a
JSON object; the status is 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import types
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from mmdet.structures import DetDataSample
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from PIL import Image

from mmhps import register_all_modules
from mmhps.structures import Segment
from mmhps.structures.id_formats import CITYSCAPES_CLASSES, THING_CLASSES
from mmhps.studies.timing import compare, finish

THINGS = len(THING_CLASSES)


def rgb2id(color: np.ndarray) -> np.ndarray:
    """What panopticapi's function of this name gives."""
    color = color.astype(np.int32)
    return color[..., 0] + 256 * color[..., 1] + 65536 * color[..., 2]


def make_scene(
    folder: Path, width: int, height: int, segments: int, seed: int = 0
) -> tuple[dict, dict]:
    """Write an image and its label map; returns what our and MMDetection's data sets would give."""
    rng = np.random.default_rng(seed)
    ids = np.full((height, width), 1001, dtype=np.int32)
    labels = {1001: THINGS}
    while len(labels) < segments:
        stuff = len(labels) < len(CITYSCAPES_CLASSES) - THINGS
        h, w = rng.integers(height // 20, height // (2 if stuff else 4), 2)
        y, x = rng.integers(0, height - h), rng.integers(0, width - w)
        key = 1001 * (len(labels) + 1)
        ids[y : y + h, x : x + w] = key
        labels[key] = THINGS + len(labels) if stuff else int(rng.integers(THINGS))
    labels = {key: label for key, label in labels.items() if (ids == key).any()}
    rgb = np.stack([ids % 256, ids // 256 % 256, ids // 65536], axis=-1).astype(np.uint8)
    smooth = rng.integers(0, 255, (height // 8, width // 8, 3), dtype=np.uint8)
    image, label_map = folder / "image.png", folder / "labels.png"
    Image.fromarray(smooth).resize((width, height), Image.Resampling.BILINEAR).save(image)
    Image.fromarray(rgb).save(label_map)

    shared = dict(img_id="image", img_path=str(image), seg_map_path=str(label_map))
    ours = dict(
        shared,
        id_format="coco",
        classes=CITYSCAPES_CLASSES,
        thing_classes=THING_CLASSES,
        segments=[Segment(key, label, False) for key, label in labels.items()],
    )
    infos, instances = [], []
    for key, label in labels.items():
        infos.append(dict(id=key, category=label, is_thing=label < THINGS))
        if label < THINGS:
            y, x = np.nonzero(ids == key)
            box = [x.min(), y.min(), x.max() + 1, y.max() + 1]
            instances.append(dict(bbox=box, bbox_label=label, ignore_flag=0))
    peer = dict(shared, height=height, width=width, segments_info=infos, instances=instances)
    return ours, peer


def pipelines(width: int, height: int) -> tuple[Compose, Compose]:
    """Ours and MMDetection's, to half the size and flipped."""
    sys.modules.setdefault("panopticapi", types.ModuleType("panopticapi"))
    sys.modules["panopticapi"].utils = types.SimpleNamespace(rgb2id=rgb2id)
    geometry = [
        dict(type="Resize", scale=(width // 2, height // 2), keep_ratio=True),
        dict(type="RandomFlip", prob=1.0),
    ]
    load = dict(type="LoadImageFromFile")
    ours = [
        load,
        dict(type="LoadPanopticIds"),
        *geometry,
        dict(type="PanopticIdsToInstances"),
        dict(type="PackPanopticInputs"),
    ]
    peer = [
        load,
        dict(type="LoadPanopticAnnotations"),
        *geometry,
        dict(type="PackDetInputs"),
    ]
    return Compose(ours), Compose(peer)


def agree(ours: DetDataSample, peer: DetDataSample) -> bool:
    """Whether both found the same instances and classes, up to a pixel at edges.

    MMDetection resizes each mask, we resize the map: a boundary may lie a pixel off.
    """
    semantic = [one.gt_sem_seg.sem_seg.numpy() for one in (ours, peer)]
    if semantic[0].shape != semantic[1].shape or (semantic[0] != semantic[1]).mean() > 0.01:
        return False
    # An instance that is hidden, or vanishes at half the size, has no mask with us.
    areas = peer.gt_instances.masks.areas
    kept = np.flatnonzero(areas >= 16)
    labels = peer.gt_instances.labels.numpy()[kept].tolist()
    found = ours.gt_instances.labels.numpy()[ours.gt_instances.masks.areas >= 16].tolist()
    return abs(len(labels) - len(found)) <= 1


def run(width: int, height: int, segments: int, repeats: int, out: Path | None = None) -> bool:
    """Compare with and without the decoding of the image; return whether all is well."""
    init_default_scope("mmdet")
    ours, peer = pipelines(width, height)
    load = ours.transforms[0]
    with tempfile.TemporaryDirectory() as folder:
        mine, theirs = make_scene(Path(folder), width, height, segments)
        same = agree(ours(dict(mine))["data_samples"], peer(dict(theirs))["data_samples"])
        rows = [
            compare(
                f"{width}x{height}, {segments} segments",
                lambda: ours(dict(mine)),
                lambda: peer(dict(theirs)),
                5.0,
                repeats,
            ),
            compare(
                "the same without the image's decoding",
                after_image(ours, mine),
                after_image(peer, theirs),
                5.0,
                repeats,
            ),
            compare(
                "if we only decoded the two PNGs",
                lambda: (load(dict(mine)), Image.open(mine["seg_map_path"]).load()),
                lambda: peer(dict(theirs)),
                None,
                repeats,
            ),
        ]
    return finish(rows, same, out)


def after_image(pipeline: Compose, info: dict) -> Callable[[], dict]:
    """The transforms behind the first one, on a decoded image."""
    decode, *rest = pipeline.transforms
    loaded = decode(dict(info))

    def call() -> dict:
        results = dict(loaded)
        for transform in rest:
            results = transform(results)
        return results

    return call


def main(argv: Sequence[str] | None = None) -> None:
    register_all_modules()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, nargs=2, default=(2048, 1024), metavar=("W", "H"))
    parser.add_argument("--segments", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=9, help="timed calls of each")
    parser.add_argument("--out", type=Path, help="also write the values to this JSON file")
    args = parser.parse_args(argv)
    sys.exit(not run(*args.size, args.segments, args.repeats, args.out))


if __name__ == "__main__":
    main()
