"""docs/architecture.md names what exists, and its picture shows what runs."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmhps.studies.data_flow import record
from mmhps.studies.data_flow_picture import load

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
PLACES = sorted(
    set(re.findall(r"`((?:mmhps|configs|tools|tests|docs)/[\w./-]+(?::[\w.]+)?)`", TEXT))
)


def defined(body):
    """The names that statements define, methods as ``Class.method``."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        if isinstance(node, ast.ClassDef):
            yield from (f"{node.name}.{name}" for name in defined(node.body))
        if isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


@pytest.mark.parametrize("place", PLACES)
def test_place_exists(place):
    path, _, name = place.partition(":")
    assert (ROOT / path).exists()
    if name:
        assert name in set(defined(ast.parse((ROOT / path).read_text(encoding="utf-8")).body))


def test_most_places_name_a_function_or_class():
    assert len(PLACES) > 50
    assert sum(":" in place for place in PLACES) > 25


def test_configs_and_tests_are_all_described():
    for folder in (ROOT / "configs").iterdir():
        assert f"`configs/{folder.name}/`" in TEXT


def test_picture_is_that_of_the_modules():
    """All but the numbers, which random weights may change."""
    init_default_scope("mmdet")
    steps = record(Config.fromfile(ROOT / "configs/mini/hps-isi_r18_mini.py"))
    drawn = load(ROOT / "docs/images/architecture.png")
    assert [replace(step, shapes={}) for step in drawn] == [replace(s, shapes={}) for s in steps]
