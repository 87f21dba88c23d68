"""The metric: hand-worked maps, the official evaluator, several processes, bad input."""

import json
import math
import os
import socket
from itertools import chain, zip_longest

import numpy as np
import pytest
import torch
from cityscapesscripts.evaluation import evalPanopticSemanticLabeling as official
from cityscapesscripts.preparation.createPanopticImgs import convert2panoptic
from mmdet.registry import METRICS
from mmdet.structures import DetDataSample
from mmengine.evaluator import Evaluator
from mmengine.structures import PixelData
from PIL import Image

from mmhps.evaluation import CityscapesPanopticMetric
from mmhps.metrics.matching import PanopticStats
from mmhps.structures import Segment
from mmhps.structures.id_files import read_rgb_ids

META = dict(
    classes=("person", "car", "road", "sky"),
    thing_classes=("person", "car"),
    stuff_classes=("road", "sky"),
    label_ids=(24, 26, 7, 23),
)
PERSON, CAR, ROAD, SKY, VOID = range(5)


def write_truth(folder, img_id, ids):
    path = folder / "gtFine" / "val" / "city" / f"{img_id}_gtFine_instanceIds.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(ids, np.uint16)).save(path)
    return path


def make_sample(img_id, path, pred):
    """Return one data sample as the evaluator hands it over."""
    return dict(
        img_id=img_id,
        seg_map_path=None if path is None else str(path),
        id_format="cityscapes",
        pred_panoptic_seg=dict(sem_seg=torch.as_tensor(pred, dtype=torch.int32)[None]),
    )


def make_metric(**kwargs):
    metric = METRICS.build(dict(type="CityscapesPanopticMetric", **kwargs))
    metric.dataset_meta = META
    return metric


def evaluate(samples, **kwargs):
    metric = make_metric(**kwargs)
    metric.process(None, samples)
    return metric.evaluate(len(samples))


def random_samples(folder, count, seed):
    """Write Cityscapes maps with instances, crowds and void; predict distorted copies."""
    rng = np.random.default_rng(seed)
    things, stuff = {24: PERSON, 26: CAR}, {7: ROAD, 23: SKY}
    samples = []
    for image in range(count):
        gt, pred = np.full((2, 16, 24), [[[7]], [[ROAD]]])
        for k in range(8):
            top, left = rng.integers(0, 14), rng.integers(0, 20)
            gt_box = np.s_[top : top + rng.integers(2, 9), left : left + rng.integers(2, 9)]
            shift = rng.integers(0, 2)
            pred_box = np.s_[
                gt_box[0].start + shift : gt_box[0].stop, gt_box[1].start : gt_box[1].stop + shift
            ]
            kind = rng.choice(["instance", "crowd", "stuff", "void"], p=[0.5, 0.2, 0.2, 0.1])
            label_id = rng.choice(list(stuff if kind == "stuff" else things))
            label = {**things, **stuff}[label_id]
            gt[gt_box] = {"instance": label_id * 1000 + k, "void": rng.choice([0, 4, 9])}.get(
                kind, label_id
            )
            if rng.random() < 0.8:
                pred[pred_box] = label if kind == "stuff" else label + 1000 * (k + 1)
        pred[rng.random(pred.shape) < 0.03] = VOID
        path = write_truth(folder, f"img{image}", gt)
        samples.append(make_sample(f"img{image}", path, pred))
    return samples


def test_hand_worked(tmp_path):
    # road 4 of 4 + 5 - 4 = 5 pixels; car: 2 of 3 + 2 - 2 = 3 pixels; a predicted person of 1 pixel
    # on the car: false; void below.
    gt = [[7, 7, 7, 7], [26000, 26000, 26000, 0]]
    pred = [[ROAD] * 4, [CAR + 1000, CAR + 1000, PERSON + 2000, ROAD]]
    metrics = evaluate([make_sample("a", write_truth(tmp_path, "a", gt), pred)])
    # the fifth pixel of road lies on void: IoU 4/4
    expected = dict(
        PQ=100 * (1 + 2 / 3 + 0) / 3,
        SQ=100 * (1 + 2 / 3 + 0) / 3,
        RQ=100 * 2 / 3,
        PQ_th=100 * (2 / 3) / 2,
        SQ_th=100 * (2 / 3) / 2,
        RQ_th=50,
        PQ_st=100,
        SQ_st=100,
        RQ_st=100,
    )
    expected = {f"cityscapes_panoptic/{key}": value for key, value in expected.items()}
    assert metrics == pytest.approx(expected, abs=1e-12)


def test_single_classes(tmp_path):
    gt = [[7, 7, 7, 7], [26000, 26000, 26000, 26000]]
    pred = [[ROAD] * 4, [CAR + 1000] * 3 + [ROAD]]
    sample = make_sample("a", write_truth(tmp_path, "a", gt), pred)
    metrics = evaluate([sample], class_keys=("car", "person"))
    assert metrics["cityscapes_panoptic/PQ_car"] == pytest.approx(75)  # 3 of 4 pixels
    assert metrics["cityscapes_panoptic/PQ_person"] == 0
    with pytest.raises(ValueError, match=r"class_keys: \['bus'\] are none of the classes"):
        evaluate([sample], class_keys=("car", "bus"))


def test_nothing_predicted(tmp_path):
    gt = write_truth(tmp_path, "a", [[7, 26000]])
    metrics = evaluate([make_sample("a", gt, [[VOID, VOID]])])
    assert set(metrics.values()) == {0.0}


@pytest.mark.parametrize(
    ("gt", "pred", "absent"),
    [([[7]], [[ROAD]], "th"), ([[26000]], [[CAR + 1000]], "st"), ([[26]], [[CAR + 1000]], "th")],
)
def test_absent_group_is_nan_without_warning(gt, pred, absent, tmp_path, recwarn):
    metrics = evaluate([make_sample("a", write_truth(tmp_path, "a", gt), pred)])
    assert math.isnan(metrics[f"cityscapes_panoptic/PQ_{absent}"])
    assert not recwarn.list


def test_classes_left_out_are_void(tmp_path):
    # building (11) is not among the classes: the prediction there is ignored
    gt = write_truth(tmp_path, "a", [[7, 11, 11]])
    metrics = evaluate([make_sample("a", gt, [[ROAD, SKY, SKY]])])
    assert metrics["cityscapes_panoptic/PQ"] == 100


def test_coco_ground_truth(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(np.array([[[5, 1, 0], [0, 0, 0]]], np.uint8)).save(path)
    sample = make_sample(17, path, [[CAR + 1000, CAR + 1000]])
    sample |= dict(id_format="coco", segments=[Segment(5 + 256, CAR, False)])
    assert evaluate([sample])["cityscapes_panoptic/PQ_th"] == 100


def test_coco_segment_that_is_drawn_but_not_listed(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(np.array([[[5, 0, 0], [6, 0, 0]]], np.uint8)).save(path)
    sample = make_sample(17, path, [[CAR + 1000, ROAD]])
    sample |= dict(id_format="coco", segments=[Segment(5, CAR, False)])
    with pytest.raises(ValueError, match=r"a\.png: segment ids \[6\] have no entry"):
        make_metric().process(None, [sample])


def test_no_image():
    assert all(math.isnan(value) for value in evaluate([]).values())


def test_image_ids_with_folders_are_written_apart(tmp_path):
    for name in ("a/b_c", "a_b/c"):
        sample = make_sample(name, None, [[ROAD]])
        evaluate([sample], format_only=True, outfile_prefix=str(tmp_path / "out"))
        assert read_rgb_ids(tmp_path / "out" / f"{name}.png").tolist() == [[1]]


def test_takes_what_the_evaluator_passes(tmp_path):
    path = write_truth(tmp_path, "a", [[7, 26000]])
    metainfo = dict(img_id="a", seg_map_path=str(path), id_format="cityscapes")
    sample = DetDataSample(metainfo=metainfo)
    sample.pred_panoptic_seg = PixelData(sem_seg=torch.tensor([[[ROAD, CAR + 1000]]]))
    evaluator = Evaluator(make_metric(prefix="val"))
    evaluator.dataset_meta = META
    evaluator.process([sample])
    assert evaluator.evaluate(1)["val/PQ"] == 100


@pytest.mark.parametrize("seed", range(4))
def test_equal_to_the_official_evaluator_on_official_files(seed, tmp_path, capsys):
    samples = random_samples(tmp_path, 6, seed)
    metrics = evaluate(samples, outfile_prefix=str(tmp_path / "run" / "pred"))

    convert2panoptic(str(tmp_path / "gtFine"), setNames=["val"])
    gt = json.loads((tmp_path / "gtFine" / "cityscapes_panoptic_val.json").read_text())
    pred = json.loads((tmp_path / "run" / "pred.json").read_text())
    pred = {item["image_id"]: item for item in pred["annotations"]}
    categories = {item["id"]: item for item in gt["categories"]}
    stat = official.pq_compute_single_core(
        0,
        [(item, pred[item["image_id"]]) for item in gt["annotations"]],
        tmp_path / "gtFine" / "cityscapes_panoptic_val",
        tmp_path / "run" / "pred",
        categories,
    )
    result = official.average_pq(stat, categories)
    for group, suffix in (("All", ""), ("Things", "_th"), ("Stuff", "_st")):
        for key in ("pq", "sq", "rq"):
            ours = metrics[f"cityscapes_panoptic/{key.upper()}{suffix}"]
            assert ours == pytest.approx(100 * result[group][key], abs=1e-7)
    assert 0 < metrics["cityscapes_panoptic/PQ"] < 100


def simulate(monkeypatch, samples, ranks):
    """Score ``samples`` in processes that take the given image numbers, one after the other."""
    parts = []
    for numbers in ranks:
        metric = make_metric()
        for number in numbers:
            metric.process(None, [samples[number]])
        parts.append(metric.results)

    def collect(results, size, device, tmpdir=None):
        """Interleave and cut, as mmengine does."""
        together = chain.from_iterable(zip_longest(*parts))
        return [item for item in together if item is not None][:size]

    monkeypatch.setattr("mmengine.evaluator.metric.collect_results", collect)
    return metric.evaluate(len(samples))


@pytest.mark.parametrize(
    "ranks",
    [
        [[0, 2, 4], [1, 3, 0]],  # mmengine's sampler repeats the first image at the end
        [[0, 1, 2], [0, 3, 4]],  # repeated at the beginning
        [[4, 3, 2, 1, 0], []],
        [[3], [1], [4], [0], [2], [3], [1]],
    ],
)
def test_several_processes_give_the_same_digits(ranks, tmp_path, monkeypatch):
    samples = random_samples(tmp_path, 5, seed=1)
    single = evaluate(samples)
    assert simulate(monkeypatch, samples, ranks) == single


def test_images_are_added_up_in_the_order_of_their_ids(tmp_path, monkeypatch):
    samples = random_samples(tmp_path, 3, seed=1)
    added, total = [], PanopticStats.total

    def record(stats, num_classes):
        added.append(list(stats))
        return total(added[-1], num_classes)

    monkeypatch.setattr(PanopticStats, "total", record)
    evaluate(samples)
    simulate(monkeypatch, samples, [[2, 0], [1]])
    for one, other in zip(*added, strict=True):
        assert one.iou.tolist() == other.iou.tolist()
    assert len({tuple(one.iou) for one in added[0]}) == 3


def run_rank(rank, ranks, port, folder):
    """Score some images in one of several real processes."""
    torch.set_num_threads(1)  # the parent's threads are not there after a fork
    torch.distributed.init_process_group(
        "gloo", f"tcp://127.0.0.1:{port}", world_size=len(ranks), rank=rank
    )
    os.chdir(folder)
    samples = random_samples(folder / f"rank{rank}", 5, seed=1)
    for sample in samples:  # the same files for all, as in real life
        sample["seg_map_path"] = sample["seg_map_path"].replace(f"rank{rank}", "rank0")
    torch.distributed.barrier()
    metric = make_metric()
    metric.process(None, [samples[number] for number in ranks[rank]])
    metrics = metric.evaluate(len(samples))
    (folder / f"rank{rank}.json").write_text(json.dumps(metrics))
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_two_real_processes(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ranks = [[0, 2, 4], [1, 3, 0]]
    # Forked: a new interpreter would import this file as tests.…, a name that other packages take.
    torch.multiprocessing.start_processes(
        run_rank, (ranks, port, tmp_path), nprocs=len(ranks), start_method="fork"
    )
    single = evaluate(random_samples(tmp_path / "rank0", 5, seed=1))
    for rank in range(2):
        assert json.loads((tmp_path / f"rank{rank}.json").read_text()) == single


def test_missing_image_is_an_error(tmp_path, monkeypatch):
    samples = random_samples(tmp_path, 3, seed=1)
    with pytest.raises(RuntimeError, match="2 different images were predicted, .* has 3"):
        simulate(monkeypatch, samples, [[0, 1], [1, 0]])


def test_metric_starts_afresh_each_epoch(tmp_path):
    samples = random_samples(tmp_path, 2, seed=1)
    metric = make_metric()
    values = []
    for _ in range(2):
        metric.process(None, samples)
        values.append(metric.evaluate(2))
    assert values[0] == values[1]


def test_format_only_needs_no_ground_truth(tmp_path):
    sample = make_sample("berlin_0_7", None, [[VOID, CAR + 3000]])
    assert evaluate([sample], format_only=True, outfile_prefix=str(tmp_path / "test")) == {}
    content = json.loads((tmp_path / "test.json").read_text())
    segments = [{"id": 1, "category_id": 26}]
    assert content == {
        "annotations": [
            {"image_id": "berlin_0_7", "file_name": "berlin_0_7.png", "segments_info": segments}
        ]
    }
    assert read_rgb_ids(tmp_path / "test" / "berlin_0_7.png").tolist() == [[0, 1]]
    with pytest.raises(ValueError, match="format_only=True .* outfile_prefix, which is None"):
        CityscapesPanopticMetric(format_only=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(seg_map_path=None), "image 'a': there is no ground truth .* format_only=True"),
        (dict(id_format="png"), r"a_gtFine.*: id_format must be .* but is 'png'"),
        (dict(pred=[[ROAD]]), r"a_gtFine.*: height and width are \(1, 2\), but \(1, 1\)"),
        (
            dict(ori_shape=(3, 2)),
            r"a_gtFine.*: the label map is 2x1 pixels .* image .* is 2x3",
        ),
        (dict(pred=[[ROAD, 255]]), r"image 'a': .* values \[255\], .* void is 4"),
        (dict(pred=[[ROAD, VOID + 1000]]), r"image 'a': .* values \[1004\]"),
        (dict(pred=[[ROAD, -1]]), r"image 'a': .* values \[-1\]"),
    ],
)
def test_bad_samples(change, message, tmp_path):
    pred = change.pop("pred", [[ROAD, CAR + 1000]])
    sample = make_sample("a", write_truth(tmp_path, "a", [[7, 26000]]), pred) | change
    with pytest.raises(ValueError, match=message):
        make_metric().process(None, [sample])


def test_missing_prediction_label_file_and_meta(tmp_path):
    sample = make_sample("a", tmp_path / "nowhere.png", [[ROAD]])
    with pytest.raises(FileNotFoundError, match=r"nowhere\.png"):
        make_metric().process(None, [sample])
    with pytest.raises(ValueError, match="dataset_meta needs 'classes', but has only"):
        CityscapesPanopticMetric().process(None, [sample])
    del sample["pred_panoptic_seg"]
    with pytest.raises(ValueError, match="image 'a': .* no pred_panoptic_seg"):
        make_metric().process(None, [sample])
