"""The tables of the README and of docs/ are those of the stored results."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STORED = sorted((ROOT / "docs/results").glob("*.json"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.fixture(scope="module")
def command(load_tool):
    return load_tool("misc/update_tables.py")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_tables_are_those_of_the_stored_results(command, page):
    text = page.read_text(encoding="utf-8")
    assert command.with_tables(text, ROOT / "docs/results") == text


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_every_result_is_shown_with_its_date(path):
    table = re.compile(rf"<!-- table: (?!models)\w+ {path.stem} -->")  # models: one run each
    shown = [text for p in PAGES if table.search(text := p.read_text(encoding="utf-8"))]
    assert shown
    stored = json.loads(path.read_text(encoding="utf-8"))
    dates = [stored["about"]["date"]] if "about" in stored else []
    if not dates:
        runs = [run for system in stored.values() for run in system.values()]
        dates = [run["date"] for run in runs if isinstance(run, dict)]
    assert all(date in text for date in dates for text in shown)


def test_table_is_replaced(command, tmp_path):
    row = dict(case="one", ours_ms=40.0, peer_ms=80.0, ratio=2.0, target=None)
    (tmp_path / "x.json").write_text(json.dumps(dict(rows=[row])))
    text = "before\n<!-- table: benchmark x -->\nold\n<!-- end of table -->\nafter\n"
    fresh = command.with_tables(text, tmp_path)
    assert "old" not in fresh and "| one  | 40.0     | 80.0     | 2.00 " in fresh
    assert fresh.startswith("before\n<!-- table") and fresh.endswith("-->\nafter\n")
    with pytest.raises(ValueError, match="'sums' is none of"):
        command.with_tables(text.replace("benchmark", "sums"), tmp_path)
