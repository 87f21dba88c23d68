"""The folders of mmhps import what docs/architecture.md allows; only compat/ patches others."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "mmhps"
ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
# | `folder` | what belongs there | imports | needs |
TABLE = {
    row[0].strip("` "): (set(re.findall(r"`(\w+)`", row[2])), row[3].strip())
    for line in (ROOT / "docs/architecture.md").read_text(encoding="utf-8").splitlines()
    if len(row := line.strip("|").split("|")) == 4
}
FORBIDDEN = {
    "numpy": {"torch", "mmengine", "mmcv", "mmdet"},
    "torch": {"mmengine", "mmcv", "mmdet"},
    "MMDetection": set(),
}
TRICKS = re.compile(
    r"unittest|\bmock\b|sys\.modules|monkeypatch|__(module|qualname)__\"?\s*(=(?!=)|,)"
)
OUTSIDE_COMPAT = [
    path
    for folder in (PACKAGE, ROOT / "tools")
    for path in sorted(folder.rglob("*.py"))
    if PACKAGE / "compat" not in path.parents
]


def imports(room):
    """The dotted names that the files of a folder import absolutely."""
    for path in (PACKAGE / room).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            elif isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)


def imported(room):
    """The other folders of mmhps that a folder imports."""
    parts = [name.split(".") for name in imports(room)]
    found = {part[1] for part in parts if part[0] == "mmhps" and len(part) > 1}
    return found & set(ROOMS) - {room}


def test_imports_have_no_circles():
    order = list(TopologicalSorter({room: imported(room) for room in ROOMS}).static_order())
    assert sorted(order) == ROOMS


@pytest.mark.parametrize("room", ROOMS)
def test_imports_are_those_of_the_page(room):
    allowed, needs = TABLE[room]
    assert imported(room) <= allowed
    assert not {name.split(".")[0] for name in imports(room)} & FORBIDDEN[needs]


@pytest.mark.parametrize("path", OUTSIDE_COMPAT, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_other_packages_are_patched_in_compat_alone(path):
    assert not TRICKS.search(path.read_text(encoding="utf-8"))


def test_every_workaround_says_when_it_can_go():
    for path in (PACKAGE / "compat").glob("[a-z]*.py"):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        if path.stem != "patching":  # no workaround itself
            assert re.search(r"removed|can go", text), path
