"""The loading of panoptic ground truth against MMDetection's pipeline.

Both read the same image and the same COCO panoptic PNG, resize them to half the size, flip them and
pack them for a detector; both give boxes, masks, classes and a semantic map, ours a panoptic map as
well. The image's own decoding is part of both; a second row leaves it out, a third one tells the
ratio of a pipeline that does nothing but decode. The last row is that of later epochs where our
data set has a cache; its samples must be equal to the last bit. panopticapi, which MMDetection
needs for its `rgb2id`, is replaced by the three lines that it takes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from mmdet.datasets.transforms import LoadPanopticAnnotations
from mmdet.structures import DetDataSample
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from PIL import Image

from mmhps.datasets.sample_cache import CachedSteps, SampleCache
from mmhps.structures.id_formats import CITYSCAPES_CLASSES, THING_CLASSES
from mmhps.studies.benchmarks.scenes import THINGS, LabelMap, label_map
from mmhps.studies.timing import Row, compare


class LoadRGB(LoadPanopticAnnotations):
    """MMDetection's transform, without panopticapi for its ``rgb2id``."""

    def __init__(self) -> None:
        super(LoadPanopticAnnotations, self).__init__(with_mask=True, with_seg=True)

    @staticmethod
    def rgb2id(color: np.ndarray) -> np.ndarray:
        """What panopticapi's function of this name gives."""
        color = color.astype(np.int32)
        return color[..., 0] + 256 * color[..., 1] + 65536 * color[..., 2]


def write_scene(folder: Path, scene: LabelMap, seed: int = 0) -> tuple[dict, dict]:
    """Write an image and its label map; returns what our and MMDetection's data sets would give."""
    height, width = scene.ids.shape
    rng = np.random.default_rng(seed)
    smooth = rng.integers(0, 255, (height // 8, width // 8, 3), dtype=np.uint8)
    image, png = folder / "image.png", folder / "labels.png"
    Image.fromarray(smooth).resize((width, height), Image.Resampling.BILINEAR).save(image)
    Image.fromarray(scene.rgb).save(png)
    shared = dict(img_id="image", img_path=str(image), seg_map_path=str(png))
    classes = dict(classes=CITYSCAPES_CLASSES, thing_classes=THING_CLASSES)
    ours = dict(shared, id_format="coco", segments=scene.segments, **classes)
    infos = [
        dict(id=key, category=label, is_thing=label < THINGS) for key, label in scene.labels.items()
    ]
    instances = []
    for key in scene.things:
        y, x = np.nonzero(scene.ids == key)
        box = [x.min(), y.min(), x.max() + 1, y.max() + 1]
        instances.append(dict(bbox=box, bbox_label=scene.labels[key], ignore_flag=0))
    peer = dict(shared, height=height, width=width, segments_info=infos, instances=instances)
    return ours, peer


def pipelines(width: int, height: int) -> tuple[Compose, Compose]:
    """Ours and MMDetection's, to half the size and flipped."""
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
    peer = [load, LoadRGB(), *geometry, dict(type="PackDetInputs")]
    return Compose(ours), Compose(peer)


def agree(ours: DetDataSample, peer: DetDataSample) -> bool:
    """Whether both found the same instances and classes, up to a pixel at edges.

    MMDetection resizes each mask, we resize the map, so boundaries may differ by a pixel.
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


def after_image(pipeline: Compose, info: dict) -> Callable[[], dict]:
    """The transforms after the first one, on a decoded image."""
    decode, *rest = pipeline.transforms
    loaded = decode(dict(info))

    def call() -> dict:
        results = dict(loaded)
        for transform in rest:
            results = transform(results)
        return results

    return call


def cached(pipeline: Compose, folder: str) -> Compose:
    """The pipeline with a cache, as a data set has it."""
    copy = Compose([])
    cache = SampleCache(folder, max_gigabytes=1)
    copy.transforms = CachedSteps.before(pipeline.transforms, [], cache)
    return copy


def equal(one: dict, other: dict) -> bool:
    """Whether two of our samples are equal to the last bit."""
    mine, theirs = (sample["data_samples"] for sample in (one, other))
    return bool(
        (one["inputs"] == other["inputs"]).all()
        and (mine.gt_sem_seg.sem_seg == theirs.gt_sem_seg.sem_seg).all()
        and (mine.gt_instances.masks.masks == theirs.gt_instances.masks.masks).all()
    )


def run(
    repeats: int = 9, size: tuple[int, int] = (2048, 1024), segments: int = 40
) -> tuple[list[Row], bool]:
    """Compare with and without the decoding of the image; both must find the same instances."""
    init_default_scope("mmdet")
    ours, peer = pipelines(*size)
    load = ours.transforms[0]
    stuff = len(CITYSCAPES_CLASSES) - THINGS
    with tempfile.TemporaryDirectory() as folder:
        mine, theirs = write_scene(Path(folder), label_map(*size, segments - stuff, stuff))
        later = cached(ours, f"{folder}/cache")
        same = equal(later(dict(mine)), ours(dict(mine)))
        same &= equal(later(dict(mine)), ours(dict(mine)))
        same &= agree(ours(dict(mine))["data_samples"], peer(dict(theirs))["data_samples"])
        calls = {
            f"{size[0]}x{size[1]}, {segments} segments": (
                lambda: ours(dict(mine)),
                lambda: peer(dict(theirs)),
                5.0,
            ),
            "the same without the image's decoding": (
                after_image(ours, mine),
                after_image(peer, theirs),
                5.0,
            ),
            "if we only decoded the two PNGs": (
                lambda: (load(dict(mine)), Image.open(mine["seg_map_path"]).load()),
                lambda: peer(dict(theirs)),
                None,
            ),
            "from the second epoch on, with a cache": (
                lambda: later(dict(mine)),
                lambda: peer(dict(theirs)),
                6.0,
            ),
        }
        return [compare(case, *call, repeats) for case, call in calls.items()], same
