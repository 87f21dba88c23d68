"""Panoptic quality, against sets of pixels and against the official evaluator."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from cityscapesscripts.evaluation import evalPanopticSemanticLabeling as official
from hypothesis import given
from hypothesis import strategies as st
from mmdet.registry import METRICS
from PIL import Image

from mmhps.metrics.matching import PanopticStats, count_overlaps, panoptic_stats
from mmhps.metrics.quality import panoptic_quality

CLASSES, THINGS = 3, 2
sizes = st.tuples(st.integers(1, 8), st.integers(1, 8))
seeds = st.integers(0, 2**32 - 1)


@dataclass
class Item:
    id: int
    label: int
    iscrowd: bool


@st.composite
def pairs(draw):
    """Two id maps that have much in common, and their segments. 0 is void, 6 of the truth too."""
    size, rng = draw(sizes), np.random.default_rng(draw(seeds))
    values = draw(st.lists(st.integers(0, 6), min_size=1, max_size=6))
    block = draw(st.integers(1, 4))
    gt = rng.choice(values, size).repeat(block, 0).repeat(block, 1)[: size[0], : size[1]]
    pred = np.where(rng.random(size) < draw(st.sampled_from([0, 0.2, 0.5])), rng.choice(values), gt)
    pred = np.roll(pred, draw(st.integers(-1, 1)), draw(st.integers(0, 1)))
    crowded = draw(st.sampled_from(["none", "some", "all"]))
    truth = []
    for i in range(1, 6):  # maybe without a pixel
        label = int(rng.integers(CLASSES))
        crowd = {"none": False, "all": True, "some": rng.random() < 0.3}[crowded]
        truth.append(Item(i, label, label < THINGS and bool(crowd)))
    labels = [item.label for item in truth] + [CLASSES - 1]
    found = [
        Item(i, labels[i - 1] if rng.random() < 0.8 else int(rng.integers(CLASSES)), False)
        for i in sorted({*pred.flatten().tolist()} - {0})
    ]
    return gt, truth, pred, found


def pixels_of(ids, value):
    return {pixel for pixel in np.ndindex(ids.shape) if ids[pixel] == value}


def slow_stats(gt, truth, pred, found, num_classes, void):
    """Kirillov et al., section 4.1, on sets of pixels. Per class: IoUs, FP, FN."""
    ious, fp, fn = [[] for _ in range(num_classes)], [0] * num_classes, [0] * num_classes
    crowds, taken = {}, set()
    for item in truth:
        mask, matched = pixels_of(gt, item.id), False
        if item.iscrowd:
            crowds[item.label] = mask
            continue
        for other in (other for other in found if other.label == item.label):
            guess = pixels_of(pred, other.id)
            union = (mask | guess) - void
            if union and len(mask & guess) / len(union) > 0.5:
                ious[item.label].append(len(mask & guess) / len(union))
                taken.add(other.id)
                matched = True
        fn[item.label] += not matched
    for other in found:
        guess = pixels_of(pred, other.id)
        excused = len(guess & (void | crowds.get(other.label, set())))
        fp[other.label] += other.id not in taken and excused / len(guess) <= 0.5
    return ious, fp, fn


def slow_quality(ious, fp, fn):
    """PQ, SQ, RQ of one class; None if it does not occur."""
    if not (ious or fp or fn):
        return None
    weight = len(ious) + fp / 2 + fn / 2
    return sum(ious) / weight, sum(ious) / len(ious) if ious else 0, len(ious) / weight


def slow_means(qualities):
    """Mean PQ, SQ, RQ over the classes that occur."""
    present = [quality for quality in qualities if quality]
    return [sum(values) / len(present) for values in zip(*present, strict=True)] or [np.nan] * 3


def test_counts_and_quality(check):
    @given(pairs(), st.booleans())
    def holds(pair, unlisted_is_void):
        gt, truth, pred, found = pair
        stats = panoptic_stats(
            gt, truth, pred, found, CLASSES, gt_void=None if unlisted_is_void else 0
        )
        void = pixels_of(gt, 0) | (pixels_of(gt, 6) if unlisted_is_void else set())
        ious, fp, fn = slow_stats(gt, truth, pred, found, CLASSES, void)
        assert stats.tp.tolist() == [len(values) for values in ious]
        assert stats.fp.tolist() == fp
        assert stats.fn.tolist() == fn
        assert stats.iou == pytest.approx([sum(values) for values in ious])
        qualities = [slow_quality(*counts) for counts in zip(ious, fp, fn, strict=True)]
        result = panoptic_quality(stats, np.arange(CLASSES) < THINGS)
        groups = dict(All=qualities, Things=qualities[:THINGS], Stuff=qualities[THINGS:])
        for name, members in groups.items():
            expected = slow_means(members)
            mean = [result[name][key] for key in ("pq", "sq", "rq")]
            assert mean == pytest.approx(expected, nan_ok=True)
            assert result[name]["n"] == sum(quality is not None for quality in members)

    check(holds)()


def test_joint_histogram(check):
    @given(sizes, seeds, st.sampled_from([2, 70000, 2**31]))
    def holds(size, seed, limit):
        rng = np.random.default_rng(seed)
        gt, pred = (rng.choice(rng.integers(0, limit, 3), size) for _ in range(2))
        found = count_overlaps(gt, pred)
        expected = {}
        for pair in zip(gt.flatten().tolist(), pred.flatten().tolist(), strict=True):
            expected[pair] = expected.get(pair, 0) + 1
        triples = zip(found.gt.tolist(), found.pred.tolist(), found.pixels.tolist(), strict=True)
        assert [*triples] == [(*pair, count) for pair, count in sorted(expected.items())]

    check(holds)()


def test_official_evaluator(check, tmp_path):
    def written(name, ids, segments):
        rgb = np.stack([ids, np.zeros_like(ids), np.zeros_like(ids)], axis=2).astype(np.uint8)
        Image.fromarray(rgb).save(tmp_path / name)
        infos = [
            dict(
                id=s.id, category_id=s.label, iscrowd=int(s.iscrowd), area=int((ids == s.id).sum())
            )
            for s in segments
        ]
        return dict(image_id="x", file_name=name, segments_info=infos)

    @given(pairs())
    def holds(pair):
        gt, truth, pred, found = pair
        annotations = written("gt.png", gt, truth), written("pred.png", pred, found)
        categories = {c: dict(isthing=int(c < THINGS)) for c in range(CLASSES)}
        expected = official.pq_compute_single_core(
            0, [annotations], tmp_path, tmp_path, categories
        ).pq_per_cat
        stats = panoptic_stats(gt, truth, pred, found, CLASSES, gt_void=0)
        for key in ("tp", "fp", "fn", "iou"):
            theirs = [getattr(expected[c], key) for c in range(CLASSES)]
            assert getattr(stats, key).tolist() == pytest.approx(theirs)

    check(holds)()


META = dict(
    classes=("person", "car", "road"), thing_classes=("person", "car"), stuff_classes=("road",)
)
LABEL_IDS = (24, 26, 7)


def as_cityscapes(ids, segments):
    """Raw ids of a truth; what is no segment becomes void (ids 0 and 4)."""
    raw = np.where(ids == 6, 4, 0)
    for item in segments:
        label_id = LABEL_IDS[item.label]
        plain = item.iscrowd or item.label >= THINGS
        raw[ids == item.id] = label_id if plain else 1000 * label_id + item.id
    return raw


def as_prediction(ids, segments):
    """``label + 1000 * instance``; what is no segment becomes void."""
    values = np.full(ids.shape, CLASSES)
    for item in segments:
        values[ids == item.id] = item.label + (1000 * item.id if item.label < THINGS else 0)
    return values


def listed(values, label_of):
    """The segments of a map, one for each value of a class."""
    found = [Item(int(value), *label_of(int(value))) for value in np.unique(values)]
    return [item for item in found if item.label is not None]


def true_label(value):
    label_id = value if value < 1000 else value // 1000
    label = LABEL_IDS.index(label_id) if label_id in LABEL_IDS else None
    return label, label in range(THINGS) and value < 1000


def predicted_label(value):
    return (None if value == CLASSES else value % 1000), False


def test_metric_over_images(check, tmp_path):
    @given(st.lists(pairs(), min_size=1, max_size=3))
    def holds(images):
        metric = METRICS.build(dict(type="CityscapesPanopticMetric"))
        metric.dataset_meta = META
        total = [[[], 0, 0] for _ in range(CLASSES)]
        for number, (gt, truth, pred, found) in enumerate(images):
            raw, values = as_cityscapes(gt, truth), as_prediction(pred, found)
            path = tmp_path / f"{number}.png"
            Image.fromarray(raw.astype(np.uint16)).save(path)
            sample = dict(img_id=f"x{number}", seg_map_path=str(path), id_format="cityscapes")
            seg = dict(sem_seg=torch.from_numpy(values)[None])
            metric.process(None, [dict(sample, pred_panoptic_seg=seg)])
            counts = slow_stats(
                raw,
                listed(raw, true_label),
                values,
                listed(values, predicted_label),
                CLASSES,
                pixels_of(raw, 0) | pixels_of(raw, 4),
            )
            for mine, ious, fp, fn in zip(total, *counts, strict=True):
                mine[0].extend(ious)
                mine[1] += fp
                mine[2] += fn
        found = metric.evaluate(len(images))
        qualities = [slow_quality(*counts) for counts in total]
        groups = {"": qualities, "_th": qualities[:THINGS], "_st": qualities[THINGS:]}
        for suffix, members in groups.items():
            for key, mean in zip(("PQ", "SQ", "RQ"), slow_means(members), strict=True):
                value = found[f"cityscapes_panoptic/{key}{suffix}"]
                assert value == pytest.approx(100 * mean, nan_ok=True)

    check(holds)()


def test_total_of_images(check):
    @given(st.lists(pairs(), max_size=3))
    def holds(images):
        stats = [panoptic_stats(*image, CLASSES) for image in images]
        total = PanopticStats.total(stats, CLASSES)
        for key in ("iou", "tp", "fp", "fn"):
            sums = [sum(getattr(item, key)[c] for item in stats) for c in range(CLASSES)]
            assert getattr(total, key).tolist() == pytest.approx(sums)

    check(holds)()
