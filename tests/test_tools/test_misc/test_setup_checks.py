"""What the set-up demands of a machine."""

import importlib
import sys
from pathlib import Path

import pytest

MISC = Path(__file__).parents[3] / "tools" / "misc"


@pytest.fixture
def checks(monkeypatch):
    monkeypatch.syspath_prepend(str(MISC))
    return importlib.import_module("setup_checks")


def test_this_python_is_fine(checks):
    checks.check_python()


@pytest.mark.parametrize("version", [(3, 9, 18), (3, 13, 0)])
def test_other_pythons_are_not(checks, monkeypatch, version):
    monkeypatch.setattr(sys, "version_info", version)
    with pytest.raises(checks.SetupError, match=rf"3\.10, 3\.11 or 3\.12 .* is 3\.{version[1]}"):
        checks.check_python()


def test_python_without_ensurepip(checks, monkeypatch):
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(checks.SetupError, match=r"apt install python3\.\d+-venv"):
        checks.check_python()


def test_no_compiler(checks, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler -O2")
    with pytest.raises(
        checks.SetupError, match=r"no-such-compiler is not found.*apt install g\+\+"
    ):
        checks.check_compiler()


def test_no_headers(checks, monkeypatch, tmp_path):
    monkeypatch.setattr(checks.shutil, "which", lambda name: name)
    monkeypatch.setattr(checks.sysconfig, "get_path", lambda name: str(tmp_path))
    with pytest.raises(checks.SetupError, match=r"no .*/Python\.h.* python3\.\d+-dev"):
        checks.check_compiler()


def test_compiler_that_fails(checks, monkeypatch, tmp_path):
    (tmp_path / "Python.h").touch()
    monkeypatch.setattr(checks.sysconfig, "get_path", lambda name: str(tmp_path))
    monkeypatch.setenv("CXX", f"{sys.executable} -c \"import sys; sys.exit('too old')\"")
    with pytest.raises(checks.SetupError, match="fails:\ntoo old"):
        checks.check_compiler()


@pytest.mark.parametrize(
    ("output", "advice"),
    [
        ("", ""),
        ("something else", ""),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("c++: fatal error: Killed signal terminated program cc1plus", "MAX_JOBS=1"),
        ("No matching distribution found for torch==9", "TORCH="),
        (
            "NewConnectionError(…)\nERROR: No matching distribution found for torch",
            "could not be reached",
        ),
    ],
)
def test_remedies(checks, output, advice):
    assert advice in checks.remedy(output)
    assert bool(advice) == bool(checks.remedy(output))
