"""Results of runs: what is stored, what is refused, how tables are drawn."""

import json

import pytest
from mmengine.config import Config

from mmhps.engine import experiment


def config(**options):
    return Config(dict(model=dict(type="HPS"), **options))


def test_markdown_table():
    table = experiment.markdown_table(["system", "PQ"], [["a", "1.0"], ["longer name", "22.0"]])
    assert table.splitlines() == [
        "| system      | PQ   |",
        "| ----------- | ---- |",
        "| a           | 1.0  |",
        "| longer name | 22.0 |",
    ]


def test_quality_cells_are_in_the_order_of_the_header():
    values = [f"{value}{group}" for group in ("", "_th", "_st") for value in ("PQ", "SQ", "RQ")]
    metrics = {name: float(i) for i, name in enumerate(values)}
    assert experiment.quality_cells(metrics) == [f"{i}.0" for i in range(9)]
    assert experiment.HEADER[3] == "PQ Th" and values[3] == "PQ_th"


def stored_config(cfg, work_dir, seed):
    cfg.work_dir, cfg.resume, cfg.randomness = str(work_dir), True, dict(seed=seed)
    return cfg.pretty_text


def test_finished_run_is_not_repeated(tmp_path):
    stored = dict(config=stored_config(config(), tmp_path, 3), metrics=dict(PQ=1.0))
    (tmp_path / "result.json").write_text(json.dumps(stored))
    assert experiment.train_and_score(config(), tmp_path, "title", seed=3) == stored


@pytest.mark.parametrize("record", ["result.json", "running.json"])
def test_run_of_another_config_is_refused(tmp_path, record):
    stored = dict(config=stored_config(config(), tmp_path, 3))
    (tmp_path / record).write_text(json.dumps(stored))
    with pytest.raises(ValueError, match=f"{record} is of a run with another config or seed"):
        experiment.train_and_score(config(), tmp_path, "title", seed=4)
