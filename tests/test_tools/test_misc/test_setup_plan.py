"""What the set-up installs, and when it does so again."""

import importlib
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def setup_plan(monkeypatch, tmp_path):
    """The module; the files of requirements are a copy that a test may change."""
    monkeypatch.syspath_prepend(str(ROOT / "tools" / "misc"))
    module = importlib.import_module("setup_plan")
    for name in ("setup.py", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return module


def keys(setup_plan, torch="torch==2.13.0", mmcv="pure"):
    return setup_plan.keys(setup_plan.plan(torch, mmcv))


def test_keys_differ_by_step_and_not_by_call(setup_plan):
    assert len(set(keys(setup_plan))) == 4
    assert keys(setup_plan) == keys(setup_plan)


def test_another_torch_changes_its_step_and_the_later_ones(setup_plan):
    one, other = keys(setup_plan), keys(setup_plan, "torch==2.12.0")
    assert not set(one) & set(other)


def test_another_mmcv_changes_all_steps(setup_plan):
    assert not set(keys(setup_plan)) & set(keys(setup_plan, mmcv="compiled"))


@pytest.mark.parametrize("name", ["setup.py", "requirements.txt", "requirements/dev.txt"])
def test_changed_files_change_every_step(setup_plan, tmp_path, name):
    before = keys(setup_plan)
    with open(tmp_path / name, "a") as file:
        file.write("# changed")
    assert not set(before) & set(keys(setup_plan))


def test_torch_may_hold_arguments_of_pip(setup_plan):
    torch = setup_plan.plan("torch==2.9.0 --index-url 'a b'", "pure")[0]
    assert torch.pip == ("torch==2.9.0", "--index-url", "a b")


def test_repair_builds_the_pinned_mmcv_without_the_cache(setup_plan):
    repair = setup_plan.plan("torch", "compiled")[-1].repair
    assert repair[-1] == "onedl-mmcv==2.3.6"
    assert {"--no-cache-dir", "--no-build-isolation", "--force-reinstall"} < set(repair)


def test_pure_mmcv_never_comes_from_the_cache(setup_plan):
    (step,) = [step for step in setup_plan.plan("torch", "pure") if step.title == "mmcv"]
    assert step.pip[-1] == "onedl-mmcv==2.3.6"
    assert "--no-cache-dir" in step.pip and "--no-build-isolation" not in step.pip


def test_opencv_is_mended_before_mmcv_imports_it(setup_plan):
    titles = [step.title for step in setup_plan.plan("torch", "compiled")]
    assert titles[-2:] == ["OpenCV", "mmcv's operators"]
