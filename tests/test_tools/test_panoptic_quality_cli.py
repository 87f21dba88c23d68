"""The stand-alone command: its arguments, its table, its file, its errors."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cityscapesscripts.evaluation import evalPanopticSemanticLabeling as official
from PIL import Image

SCRIPT = Path(__file__).parents[2] / "tools" / "analysis_tools" / "panoptic_quality.py"

CATEGORIES = [
    {"id": 7, "name": "road", "isthing": 0},
    {"id": 23, "name": "sky", "isthing": 0},
    {"id": 26, "name": "car", "isthing": 1},
]
TABLE = """\
Category |    PQ     SQ     RQ    N
-----------------------------------
road     |  66.7   66.7  100.0
sky      |   0.0    0.0    0.0
car      |     -      -      -
-----------------------------------
All      |  33.3   33.3   50.0    2
Things   |     -      -      -    0
Stuff    |  33.3   33.3   50.0    2
"""


def write(folder, name, ids, category_ids, **content):
    (folder / name).mkdir()
    rgb = np.stack([ids, np.zeros_like(ids), np.zeros_like(ids)], axis=-1).astype(np.uint8)
    Image.fromarray(rgb).save(folder / name / "0.png")
    segments = [
        {"id": key, "category_id": value, "area": int((ids == key).sum()), "iscrowd": 0}
        for key, value in category_ids.items()
    ]
    content["annotations"] = [{"image_id": "0", "file_name": "0.png", "segments_info": segments}]
    (folder / f"{name}.json").write_text(json.dumps(content))


@pytest.fixture
def files(tmp_path):
    """2×2 pixels: road has IoU 2/3, sky 1/2 (no match), no thing anywhere."""
    gt, pred = np.array([[1, 1], [2, 2]]), np.array([[5, 5], [5, 6]])
    write(tmp_path, "gt", gt, {1: 7, 2: 23}, categories=CATEGORIES, images=[{"id": "0"}])
    write(tmp_path, "pred", pred, {5: 7, 6: 23})
    return tmp_path


@pytest.fixture
def arguments(files):
    return [
        f"--gt-json-file={files / 'gt.json'}",
        f"--gt-folder={files / 'gt'}",
        f"--prediction-json-file={files / 'pred.json'}",
        f"--prediction-folder={files / 'pred'}",
        f"--results_file={files / 'out' / 'results.json'}",
    ]


@pytest.fixture
def command():
    spec = importlib.util.spec_from_file_location("panoptic_quality_command", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read_strictly(path):
    """Read JSON; NaN and Infinity are no JSON."""
    return json.loads(path.read_text(), parse_constant=pytest.fail)


def test_table_and_results(command, arguments, files, capsys):
    command.main(arguments)
    captured = capsys.readouterr()
    assert captured.out.startswith(TABLE)
    assert "1/1" in captured.err and "image" in captured.err  # the progress bar
    results = read_strictly(files / "out" / "results.json")
    assert list(results) == ["All", "Things", "Stuff", "per_class"]
    stuff = {"pq": 1 / 3, "sq": 1 / 3, "rq": 0.5, "n": 2}
    assert results["All"] == results["Stuff"] == pytest.approx(stuff)
    assert results["Things"] == {"pq": None, "sq": None, "rq": None, "n": 0}
    assert list(results["per_class"]) == ["7", "23", "26"]
    road = {"name": "road", "pq": 2 / 3, "sq": 2 / 3, "rq": 1.0, "tp": 1, "fp": 0, "fn": 0}
    assert results["per_class"]["7"] == pytest.approx(road)
    car = {"name": "car", "pq": 0.0, "sq": 0.0, "rq": 0.0, "tp": 0, "fp": 0, "fn": 0}
    assert results["per_class"]["26"] == car


def test_replaces_the_official_command(command, arguments, files, capsys):
    # with a car, the official evaluator does not divide by zero
    path = files / "gt.json"
    content = json.loads(path.read_text())
    content["annotations"][0]["segments_info"][1]["category_id"] = 26
    path.write_text(json.dumps(content))
    command.main(arguments)
    theirs = files / "official.json"
    official.evaluatePanoptic(path, files / "gt", files / "pred.json", files / "pred", theirs)
    ours, theirs = read_strictly(files / "out" / "results.json"), read_strictly(theirs)
    for group in ("All", "Things", "Stuff"):
        assert ours[group] == pytest.approx(theirs[group], abs=1e-9)
    for key, values in theirs["per_class"].items():
        assert {k: ours["per_class"][key][k] for k in values} == pytest.approx(values, abs=1e-9)


def test_arguments_are_the_official_ones(command, monkeypatch, tmp_path):
    args = vars(command.parse_args([]))
    assert args.pop("jobs") is None  # the evaluator always takes all cores
    assert set(args) == {
        "gt_json_file",
        "gt_folder",
        "prediction_json_file",
        "prediction_folder",
        "results_file",
    }
    assert args["gt_folder"] is args["prediction_folder"] is None
    assert args["results_file"] == Path("resultPanopticSemanticLabeling.json")
    assert args["gt_json_file"].name == "cityscapes_panoptic_val.json"


def test_folders_beside_the_files_by_default(command, arguments, capsys):
    command.main([argument for argument in arguments if "-folder" not in argument])
    assert capsys.readouterr().out.startswith(TABLE)


def test_error_without_traceback(command, arguments, files):
    (files / "pred" / "0.png").unlink()
    with pytest.raises(SystemExit, match=r"error: .*pred/0\.png: no such file, but .*pred\.json"):
        command.main(arguments)
    assert not (files / "out" / "results.json").exists()


def test_runs_without_torch_and_mmdet(arguments, files):
    """In a process of its own, outside of the repository, with the heavy packages barred."""
    code = (
        "import runpy, sys;"
        "sys.modules.update(dict.fromkeys(('torch', 'mmcv', 'mmdet', 'mmengine')));"
        f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=files,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == TABLE + f"Results are in {files / 'out' / 'results.json'}\n"


def test_no_jobs(command, capsys):
    with pytest.raises(SystemExit):
        command.parse_args(["--jobs", "0"])
    assert "--jobs must be at least 1, got 0" in capsys.readouterr().err
