"""The wheel: it holds what mim needs, and nothing that was deleted since an earlier build."""

import re
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def archive(wheel):
    """The opened wheel."""
    with zipfile.ZipFile(wheel) as archive:
        yield archive


def test_wheel_holds_what_mim_reads(archive):
    names = set(archive.namelist())
    folders = ("checkpoints", "configs", "tools")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    assert files
    for path in [*files, ROOT / "model-index.yml"]:
        if "__pycache__" not in path.parts:
            assert f"mmhps/.mim/{path.relative_to(ROOT).as_posix()}" in names
    assert "mmhps/.mim/configs/stale.py" not in names


def test_wheel_holds_the_package_and_nothing_else(archive):
    names = set(archive.namelist())
    for path in (ROOT / "mmhps").rglob("*.py"):
        assert path.relative_to(ROOT).as_posix() in names
    assert "mmhps/stale/module.py" not in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"mmhps"}
    assert not [name for name in names if "__pycache__" in name]


def test_wheel_names_its_extras(archive):
    (name,) = [name for name in archive.namelist() if name.endswith("METADATA")]
    lines = archive.read(name).decode().splitlines()
    assert "Requires-Python: >=3.10,<3.13" in lines  # as the Makefile says
    needs = {extra: set() for extra in ("", *setup_extras())}
    for line in lines:
        if found := re.fullmatch(r"Requires-Dist: ([\w-]+)([^;]*)(?:; extra == \"(\w+)\")?", line):
            needs[found[3] or ""].add(found[1])
    assert needs[""] == {"numpy", "pillow"}
    assert needs["runtime"] == {"onnxruntime"}
    assert needs["web"] == {"onnxruntime", "gradio"}
    onedl = {"onedl-mmengine", "onedl-mmcv", "onedl-mmdetection", "torch", "cityscapesscripts"}
    for extra in ("train", "mim", "deploy"):
        assert onedl <= needs[extra]


def setup_extras():
    return re.findall(r'^    "(\w+)": \["requirements', (ROOT / "setup.py").read_text(), re.M)


def test_wheel_has_the_examples_of_the_page(archive):
    examples = [name for name in archive.namelist() if name.startswith("mmhps/web/examples/")]
    assert len(examples) == 3 and all(name.endswith(".jpg") for name in examples)


def test_wheel_has_the_command(archive):
    (name,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
    assert "mmhps = mmhps.__main__:main" in archive.read(name).decode().splitlines()


def test_nothing_is_copied_into_the_sources():
    assert not (ROOT / "mmhps" / ".mim").exists()
