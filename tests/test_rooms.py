"""The packages of mmhps build on each other in one direction, and only compat/ bends others."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "mmhps"
ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
LIGHT = {"structures", "metrics", "functional", "ops", "street_scenes"}
TRICKS = re.compile(r"unittest|\bmock\b|sys\.modules|__module__|__qualname__|monkeypatch")


def imported(room):
    """The other packages of mmhps that the files of a package import."""
    found = set()
    for path in (PACKAGE / room).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                continue
            parts = [name.split(".") for name in names]
            found |= {part[1] for part in parts if part[0] == "mmhps" and len(part) > 1}
    return found & set(ROOMS) - {room}


def test_imports_have_no_circles():
    order = list(TopologicalSorter({room: imported(room) for room in ROOMS}).static_order())
    assert sorted(order) == ROOMS


@pytest.mark.parametrize("room", sorted(LIGHT))
def test_light_packages_import_light_ones_only(room):
    assert imported(room) <= LIGHT


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "compat"])
def test_other_packages_are_bent_in_compat_alone(room):
    for path in (PACKAGE / room).rglob("*.py"):
        assert not TRICKS.search(path.read_text(encoding="utf-8")), path


def test_every_workaround_says_when_it_can_go():
    for path in (PACKAGE / "compat").glob("[a-z]*.py"):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        if path.stem != "patching":  # no workaround itself
            assert re.search(r"removed|can go", text), path
