"""Table 1: its arithmetic on numbers worked out by hand, and its resumption."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def table1():
    spec = importlib.util.spec_from_file_location("table1", ROOT / "tools/analysis_tools/table1.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def metrics(**values):
    from mmhps.engine.experiment import VALUES

    return {**dict.fromkeys(VALUES, 0.0), **values}


@pytest.fixture
def results():
    return {
        "panoptic-fpn": {
            0: dict(metrics=metrics(PQ=40.0, PQ_th=30.0)),
            1: dict(metrics=metrics(PQ=42.0, PQ_th=31.0)),
            2: dict(metrics=metrics(PQ=41.0)),
        },
        "hps": {
            0: dict(metrics=metrics(PQ=42.0, PQ_th=33.0), heuristic=metrics(PQ=41.5)),
            1: dict(metrics=metrics(PQ=43.0, PQ_th=32.0), heuristic=metrics(PQ=42.5)),
        },
    }


def rows_of(text):
    return [re.sub(r" +", " ", line).strip("| ").split(" | ") for line in text.splitlines()]


def test_mean_and_deviation(table1):
    assert table1.mean_std([40.0]) == "40.0"
    assert table1.mean_std([40.0, 42.0, 41.0]) == "41.0 ± 1.0"


def test_table(table1, results):
    rows = rows_of(table1.table(results))
    assert rows[0][:3] == ["system", "seeds", "PQ"]
    assert [row[:3] for row in rows[2:]] == [
        ["Panoptic FPN", "3", "41.0 ± 1.0"],
        ["HPS", "2", "42.5 ± 0.7"],
        ["HPS, heuristic merge", "2", "42.0 ± 0.7"],
    ]


def test_differences_are_paired_by_seed(table1, results):
    rows = rows_of(table1.differences(results))
    # Seeds 0 and 1: 2 and 1, mean 1.5, standard deviation 0.71, standard error 0.5.
    assert rows[2] == ["HPS − Panoptic FPN", "PQ", "+1.50", "0.50", "2"]
    assert rows[3] == ["HPS − Panoptic FPN", "PQ_th", "+2.00", "1.00", "2"]


def test_one_seed_has_no_standard_error(table1, results):
    single = {method: {0: runs[0]} for method, runs in results.items()}
    assert rows_of(table1.differences(single))[2][2:] == ["+2.00", "–", "1"]


def test_report_without_results(table1, tmp_path):
    with pytest.raises(SystemExit, match="There is no result in"):
        table1.main(["--report", "--out", str(tmp_path)])


def test_report_and_summary(table1, tmp_path, capsys):
    run = dict(metrics=metrics(PQ=12.34), config="long", checkpoint="iter_1.pth", seed=5)
    folder = tmp_path / "mini" / "hps-seed5"
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(json.dumps(run))
    summary = tmp_path / "docs" / "summary.json"
    arguments = ["--report", "--out", str(tmp_path), "--seeds", "5", "--summary", str(summary)]
    table1.main(arguments)
    assert "| HPS    | 1     | 12.3 |" in capsys.readouterr().out
    assert json.loads(summary.read_text())["hps"] == {"5": dict(metrics=run["metrics"], seed=5)}


def test_every_config_exists(table1):
    for pattern in table1.CONFIGS.values():
        for system in table1.SYSTEMS:
            assert (ROOT / "configs" / pattern.format(system)).is_file()
