"""The tables of docs/reliability.md name tests that exist, one for each fault."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")
SECTIONS = {
    section.partition("\n")[0]: [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("|") and not set(line) <= set("|- ")
    ]
    for section in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]
}
TESTS = sorted({row[-1] for rows in SECTIONS.values() for row in rows[1:]})


def defined_tests(path):
    """Names of a file's tests: ``test_x`` and ``TestX::test_x``."""
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}::{n.name}" for n in node.body if isinstance(n, ast.FunctionDef)}
        elif isinstance(node, ast.FunctionDef):
            names.add(node.name)
    return names


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_is_a_table_of_faults(section):
    head, *rows = SECTIONS[section]
    assert head == ["fault", "behaviour", "test"]
    assert rows and all(len(row) == 3 and all(row) for row in rows)


def test_no_fault_is_listed_twice():
    faults = [row[0] for rows in SECTIONS.values() for row in rows[1:]]
    assert len(set(faults)) == len(faults) > 50


@pytest.mark.parametrize("test", TESTS)
def test_named_test_exists(test):
    path, name = re.fullmatch(r"`(tests/[\w/]+\.py)::((?:Test\w+::)?test_\w+)`", test).groups()
    assert name in defined_tests(ROOT / path)
