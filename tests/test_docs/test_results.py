"""The tables of the README are those of the stored results."""

import json
from pathlib import Path

import pytest

from mmhps.engine.report import results_table

ROOT = Path(__file__).parents[2]
STORED = sorted((ROOT / "docs/results").glob("*.json"))


def test_there_are_results():
    assert {path.stem for path in STORED} >= {"demo", "camvid"}


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_readme_shows_them(path):
    results = json.loads(path.read_text(encoding="utf-8"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert results_table(results) in readme
    runs = [run for runs in results.values() for run in runs.values()]
    assert all(run["date"] in readme for run in runs)
