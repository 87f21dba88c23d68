"""The table from the paper to the code names files, functions and tests that exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = [
    [cell.strip(" `") for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs/equations.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("|") and not set(line) <= set("|- ")
][1:]


def test_table_is_not_empty():
    assert len(ROWS) >= 15
    assert all(len(row) == 4 for row in ROWS)


@pytest.mark.parametrize("place", sorted({cell for row in ROWS for cell in row[2:]}))
def test_place_exists(place):
    path, _, name = place.partition(":")
    assert (ROOT / path).exists()
    if name:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        defined = {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
        assert name in defined


def test_every_function_has_its_row_or_helps_one():
    """No public file of functional/ is missing from the table."""
    named = {re.sub(r":.*", "", row[2]) for row in ROWS}
    files = {f"mmhps/functional/{p.name}" for p in (ROOT / "mmhps/functional").glob("[a-z]*.py")}
    assert files - named == set()
