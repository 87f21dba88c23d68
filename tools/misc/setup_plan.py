"""What the set-up installs, in which order, and how it knows that a step is still done."""

from __future__ import annotations

import hashlib
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"

# A GPU that torch can use is of no use to mmcv without nvcc; better to hear it before the build.
CHECK_NVCC = """
import sys, torch
from torch.utils.cpp_extension import CUDA_HOME
if torch.cuda.is_available() and not CUDA_HOME:
    sys.exit(f"NO NVCC: torch {torch.__version__} finds a GPU, but there is no CUDA toolkit")
"""
# Fails when pip's cache held a wheel without operators, or one that was compiled for another torch,
# which pip does not tell apart, or without CUDA.
CHECK_COMPILED = """
import sys, torch, mmcv.ops
if torch.cuda.is_available() and mmcv.ops.get_compiling_cuda_version() == "not available":
    sys.exit("mmcv was compiled without CUDA")
mmcv.ops.nms(torch.rand(2, 4), torch.rand(2), 0.5)
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


def pinned(name: str) -> str:
    """The word of requirements.txt that pins ``name``."""
    words = (ROOT / "requirements.txt").read_text(encoding="utf-8").split()
    return next(word for word in words if word.startswith(f"{name}=="))


def plan(torch: str, mmcv: str) -> list[Step]:
    """The steps in their order.

    Args:
        torch: What goes to pip as it is, extra arguments included.
        mmcv: ``"pure"`` or ``"compiled"``.
    """
    afresh = ("--no-deps", "--force-reinstall")
    uncached = (*afresh, "--no-cache-dir")
    steps = [Step("PyTorch", tuple(shlex.split(torch)), CHECK_NVCC * (mmcv == "compiled"))]
    if mmcv == "compiled":
        compiling = ("--no-build-isolation", pinned("onedl-mmcv"))
        steps += [
            Step("build tools", ("-r", str(ROOT / "requirements" / "build.txt"))),
            Step("mmcv", (*afresh, *compiling)),
        ]
    else:  # built anew in seconds: the cache may hold one that was compiled for another torch
        steps.append(Step("mmcv", (*uncached, pinned("onedl-mmcv"))))
    # opencv-python needs libGL and glib from the system, the headless build does not.
    headless = (*afresh, "opencv-python-headless<4.13")
    steps += [
        Step("MMDetection and tools", ("-e", f"{ROOT}[train,mim,dev,pretrained,deploy]")),
        Step("OpenCV", (), "import cv2", headless),
    ]
    if mmcv == "compiled":
        steps.append(Step("mmcv's operators", (), CHECK_COMPILED, (*uncached, *compiling)))
    return steps


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
