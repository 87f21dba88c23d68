"""Files are scored as the official evaluator scores them, and bad files are named."""

import json
import math

import numpy as np
import pytest
from cityscapesscripts.evaluation import evalPanopticSemanticLabeling as official
from PIL import Image

from mmhps.metrics import PanopticFiles, score_files

CATEGORIES = [
    {"id": 7, "name": "road", "isthing": 0},
    {"id": 4000, "name": "person", "isthing": 1},
    {"id": 23, "name": "sky", "isthing": 0},
    {"id": 1, "name": "car", "isthing": 1},
    {"id": 99, "name": "train", "isthing": 1},
]


def write_png(path, ids):
    ids = np.asarray(ids)
    rgb = np.stack([ids % 256, ids // 256 % 256, ids // 65536], axis=-1)
    Image.fromarray(rgb.astype(np.uint8)).save(path)


def write_files(folder, name, images, categories=None):
    """Write (id map, segments_info) pairs; returns the paths of the JSON file and the PNGs."""
    (folder / name).mkdir(parents=True)
    annotations = []
    for image_id, (ids, segments) in enumerate(images):
        write_png(folder / name / f"{image_id}.png", ids)
        annotations.append(
            {"image_id": image_id, "file_name": f"{image_id}.png", "segments_info": segments}
        )
    content = {"annotations": annotations}
    if categories is not None:
        content |= {"categories": categories, "images": [{"id": i} for i in range(len(images))]}
    (folder / f"{name}.json").write_text(json.dumps(content))
    return folder / f"{name}.json", folder / name


def write_pair(folder, gt_images, pred_images, categories=CATEGORIES):
    """Write ground truth and predictions and read them back, unchecked against each other."""
    gt = write_files(folder, "gt", gt_images, categories)
    pred = write_files(folder, "pred", pred_images)
    return PanopticFiles.read(*gt), PanopticFiles.read(*pred)


def paint(rng, ids, keys):
    """Draw rectangles that cover each other, also partly."""
    for key in keys:
        top, left = rng.integers(0, ids.shape[0]), rng.integers(0, ids.shape[1])
        height, width = rng.integers(1, ids.shape[0] + 1), rng.integers(1, ids.shape[1] + 1)
        ids[top : top + height, left : left + width] = key
    return ids


def list_segments(rng, ids, classes, is_gt):
    """Describe the segments of an id map as the format asks for; some things are crowds."""
    segments = []
    for key in np.unique(ids[ids > 0]).tolist():
        entry = {"id": key, "category_id": classes[key]["id"]}
        if is_gt:
            crowd = classes[key]["isthing"] and rng.random() < 0.4
            entry |= {"area": int((ids == key).sum()), "iscrowd": int(crowd)}
        segments.append(entry)
    return segments


def random_image(rng, categories):
    """Return ground truth and a distorted copy of it: lost, new, shifted, confused segments."""
    keys = (rng.choice(2**24 - 1, 9, replace=False) + 1).tolist()
    gt_classes = dict(zip(keys, rng.choice(categories, 9), strict=True))
    pred_classes = dict(gt_classes)
    gt = paint(rng, np.zeros(rng.integers(1, 24, 2), np.int64), [*keys[:6], 0])
    pred = np.roll(gt, rng.integers(-1, 2, 2), (0, 1))
    for key in keys[:6]:
        if rng.random() < 0.2:
            pred[pred == key] = rng.choice([0, keys[8]])
        if rng.random() < 0.1:
            pred_classes[key] = rng.choice(categories)
    pred = paint(rng, pred, rng.choice([*keys[6:], 0], rng.integers(0, 3)))
    return (
        (gt, list_segments(rng, gt, gt_classes, True)),
        (pred, list_segments(rng, pred, pred_classes, False)),
    )


def official_scores(gt, pred):
    """Run the official evaluator; groups for which it divides by zero are left out."""
    categories = {item["id"]: item for item in gt.categories}
    pairs = [(gt.annotations[key], pred.annotations[key]) for key in gt.annotations]
    stat = official.pq_compute_single_core(0, pairs, gt.folder, pred.folder, categories)
    scores = {}
    for group, isthing in (("All", None), ("Things", True), ("Stuff", False)):
        try:
            scores[group], per_class = stat.pq_average(categories, isthing)
        except ZeroDivisionError:
            continue
        scores.setdefault("per_class", per_class)
    return scores


def max_difference(ours, theirs):
    """Return the largest difference; what the official evaluator cannot say must be nan."""
    differences = [0.0]
    for group in ("All", "Things", "Stuff"):
        if group not in theirs:
            assert ours[group]["n"] == 0 and math.isnan(ours[group]["pq"])
            continue
        assert ours[group]["n"] == theirs[group]["n"]
        differences += [abs(ours[group][key] - theirs[group][key]) for key in ("pq", "sq", "rq")]
    for item in ours["per_class"]:
        official_class = theirs.get("per_class", {}).get(item["id"], {})
        differences += [abs(item[key] - value) for key, value in official_class.items()]
    return max(differences)


@pytest.mark.parametrize("seed", range(120))
def test_equal_to_the_official_evaluator(seed, tmp_path, capsys):
    rng = np.random.default_rng(seed)
    some = rng.choice(CATEGORIES, rng.integers(1, 6), replace=False)
    images = [random_image(rng, some) for _ in range(rng.integers(1, 4))]
    gt, pred = write_pair(tmp_path, [a for a, _ in images], [b for _, b in images])
    assert max_difference(score_files(gt, pred), official_scores(gt, pred)) < 1e-9


def segment(key, category, **kwargs):
    return {"id": key, "category_id": category, **kwargs}


@pytest.mark.parametrize(
    "gt_segments",
    [
        # listed but not drawn: missed
        [segment(3, 7, area=2, iscrowd=0), segment(4, 1, area=5, iscrowd=0)],
        # drawn (3, 3) but not listed: neither void nor segment
        [],
        # wrong area
        [segment(3, 7, area=3, iscrowd=0)],
    ],
)
def test_odd_ground_truth_is_scored_as_officially_with_a_warning(
    gt_segments, tmp_path, capsys, caplog
):
    gt, pred = write_pair(
        tmp_path, [([[3, 3, 0, 0]], gt_segments)], [([[5, 5, 5, 0]], [segment(5, 7)])]
    )
    assert max_difference(score_files(gt, pred), official_scores(gt, pred)) < 1e-9
    assert f"contradicts itself in 1 places, the first is {gt.folder / '0.png'}: segment" in (
        caplog.text
    )


def test_hand_worked(tmp_path):
    # road: 2 of 2 + 3 - 2 = 3 pixels; sky: 1 of 2, no match, so missed and false
    gt, pred = write_pair(
        tmp_path,
        [([[1, 1], [2, 2]], [segment(1, 7), segment(2, 23)])],
        [([[5, 5], [5, 6]], [segment(5, 7), segment(6, 23)])],
    )
    result = score_files(gt, pred)
    assert result["All"] == pytest.approx(dict(pq=1 / 3, sq=1 / 3, rq=0.5, n=2), abs=1e-12)
    assert result["Things"]["n"] == 0
    assert result["per_class"][0] == pytest.approx(
        dict(id=7, name="road", pq=2 / 3, sq=2 / 3, rq=1, tp=1, fp=0, fn=0)
    )


@pytest.mark.parametrize("jobs", [1, 3])
def test_number_of_jobs_does_not_matter(tmp_path, jobs):
    gt, pred = write_pair(
        tmp_path,
        [([[1, 1]], [segment(1, 7)])] * 4,
        [([[5, 6]], [segment(5, 7), segment(6, 23)])] * 4,
    )
    assert score_files(gt, pred, jobs)["All"] == score_files(gt, pred)["All"]


def test_no_image_and_no_segment(tmp_path):
    assert score_files(*write_pair(tmp_path / "a", [], []))["All"]["n"] == 0
    empty = [([[0]], [])]
    assert score_files(*write_pair(tmp_path / "b", empty, empty))["All"]["n"] == 0


def test_nothing_predicted(tmp_path):
    gt = ([[1, 1]], [segment(1, 7)])
    result = score_files(*write_pair(tmp_path, [gt], [([[0, 0]], [])]))
    assert result["All"] == dict(pq=0, sq=0, rq=0, n=1)
    assert result["per_class"][0] == dict(id=7, name="road", pq=0, sq=0, rq=0, tp=0, fp=0, fn=1)


def test_further_predictions_are_fine(tmp_path):
    image = ([[1]], [segment(1, 7)])
    assert score_files(*write_pair(tmp_path, [image], 2 * [image]))["All"]["pq"] == 1


ROAD = ([[1, 1]], [segment(1, 7)])


@pytest.mark.parametrize(
    ("gt_image", "pred_images", "message"),
    [
        (ROAD, [], r"pred\.json: no prediction for 1 of the 1 images .* image_id 0\. Add"),
        (ROAD, [([[1]], [segment(1, 7)])], r"pred/0\.png: .* \(1, 1\), but \(1, 2\) in .*gt/0"),
        (ROAD, [([[1, 2]], [segment(1, 7)])], r"pred/0\.png: segments \[2\] are in the PNG, but"),
        (ROAD, [([[1, 1]], [segment(1, 7), segment(2, 7)])], r"pred/0\.png .*: ids \[2\] "),
        (ROAD, [([[1, 1]], [segment(1, 8)])], r"pred\.json: image 0 .* category ids \[8\] .*Use"),
        (([[1, 1]], [segment(1, 8)]), [ROAD], r"gt\.json: image 0 .* category ids \[8\] .*Use"),
        (([[0, 0]], [segment(0, 7)]), [ROAD], r"gt\.json: image 0 has the segment ids \[0\]"),
        (([[1, 1]], 2 * [segment(1, 7)]), [ROAD], r"gt\.json: image 0 has the segment ids \[1\]"),
        (ROAD, [([[1, 1]], 2 * [segment(1, 7)])], r"pred\.json: image 0 has the segment ids \[1\]"),
    ],
)  # fmt: skip
def test_bad_images(gt_image, pred_images, message, tmp_path):
    gt, pred = write_pair(tmp_path, [gt_image], pred_images)
    with pytest.raises(ValueError, match=message):
        score_files(gt, pred)


def test_image_without_ground_truth(tmp_path):
    gt_json, gt_folder = write_files(tmp_path, "gt", [ROAD], CATEGORIES)
    content = json.loads(gt_json.read_text())
    content["images"].append({"id": "frankfurt_7"})
    gt_json.write_text(json.dumps(content))
    gt = PanopticFiles.read(gt_json, gt_folder)
    with pytest.raises(ValueError, match=r"gt\.json: no ground truth for 1 .* 'frankfurt_7'"):
        score_files(gt, gt)


def test_categories_missing_or_twice(tmp_path):
    with pytest.raises(ValueError, match=r'gt\.json: "categories" must list every category'):
        score_files(*write_pair(tmp_path / "none", [ROAD], [ROAD], []))
    with pytest.raises(ValueError, match=r'gt\.json: "categories" must list each id once'):
        write_pair(tmp_path / "twice", [ROAD], [ROAD], 2 * CATEGORIES[:1])


def test_broken_png_is_named(tmp_path):
    gt, pred = write_pair(tmp_path, [ROAD], [ROAD])
    pred.png(0).write_bytes(gt.png(0).read_bytes()[:40])
    with pytest.raises(OSError, match=r"pred/0\.png: cannot be read as an image .*download"):
        score_files(gt, pred)
