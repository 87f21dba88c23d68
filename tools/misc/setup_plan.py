"""What the set-up installs, in which order, and how it knows that a step is still done."""

from __future__ import annotations

import hashlib
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
BUILT_FOR = VENV / "mmcv-built-for-torch.txt"

# A GPU that torch can use is of no use to mmcv without nvcc; better to hear it before the build.
CHECK_TORCH = """
import sys, torch
from torch.utils.cpp_extension import CUDA_HOME
if torch.cuda.is_available() and not CUDA_HOME:
    sys.exit(f"NO NVCC: torch {torch.__version__} finds a GPU, but there is no CUDA toolkit")
"""
# Fails when mmcv's compiled part was built against another torch (pip's wheel cache does not tell
# them apart), or without CUDA where torch has it.
CHECK_MMCV = f"""
import pathlib, sys, torch, mmcv._ext
from mmcv.ops import get_compiling_cuda_version
built_for = pathlib.Path({str(BUILT_FOR)!r})
if built_for.exists() and built_for.read_text() != torch.__version__:
    sys.exit(f"mmcv was built for torch {{built_for.read_text()}}, not {{torch.__version__}}")
if torch.cuda.is_available() and get_compiling_cuda_version() == "not available":
    sys.exit("mmcv was built without CUDA")
built_for.write_text(torch.__version__)
"""


@dataclass(frozen=True)
class Step:
    """One pip call.

    Attributes:
        title: What the user reads while it runs.
        pip: Arguments of ``pip install``; nothing is installed if empty.
        check: Python code that must run in .venv afterwards.
        repair: Arguments of the ``pip install`` that is tried once when the check fails.
    """

    title: str
    pip: tuple[str, ...]
    check: str = ""
    repair: tuple[str, ...] = ()


def requirement(file: str, name: str) -> str:
    """The word of a requirements file that pins ``name``."""
    words = (ROOT / "requirements" / file).read_text(encoding="utf-8").split()
    return next(word for word in words if word.startswith(f"{name}=="))


def plan(torch: str) -> list[Step]:
    """The steps in their order; ``torch`` goes to pip as it is, extra arguments included."""
    afresh = ("--no-deps", "--force-reinstall", "--no-cache-dir", "--no-build-isolation")
    return [
        Step("build tools", ("-r", str(ROOT / "requirements" / "build.txt"))),
        Step("PyTorch", tuple(shlex.split(torch)), CHECK_TORCH),
        Step("mmcv and MMDetection", ("--no-build-isolation", "-e", f"{ROOT}[onedl,mim,dev]")),
        # opencv-python needs libGL and glib from the system, the headless build does not. It is
        # checked before mmcv, which imports it.
        Step("OpenCV", (), "import cv2", (*afresh, "opencv-python-headless<4.13")),
        Step("mmcv", (), CHECK_MMCV, (*afresh, requirement("onedl.txt", "onedl-mmcv"))),
    ]


def keys(steps: list[Step]) -> list[str]:
    """A hash per step over all that it and the steps before it depend on."""
    digest = hashlib.sha256(str(sys.version_info[:2]).encode())
    files = [ROOT / "setup.py", ROOT / "requirements.txt", *(ROOT / "requirements").glob("*.txt")]
    for file in sorted(files):
        digest.update(file.read_bytes())
    result = []
    for step in steps:
        digest.update(repr((step.pip, step.check, step.repair)).encode())
        result.append(digest.hexdigest())
    return result
