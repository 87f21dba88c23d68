"""What a machine must have before the set-up starts, and what to do about a failure."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

REMEDIES = (
    (
        r"NO NVCC",
        "Install the CUDA toolkit of the version that torch was built for and put nvcc on the "
        "PATH (or set CUDA_HOME), or hide the GPU: CUDA_VISIBLE_DEVICES= make …",
    ),
    (
        r"NewConnectionError|ConnectTimeout|Read timed out|name resolution|ProxyError|SSLError",
        "The package index could not be reached: check the network and pip's proxy settings.",
    ),
    (
        r"No matching distribution|Could not find a version",
        "pip finds no such version for this Python. Choose another torch with "
        'TORCH="torch==…", or another Python with PYTHON=python3.11.',
    ),
    (r"No space left on device", "The disk is full: .venv takes 3 GB, with CUDA some 9 GB."),
    (
        r"Killed|cannot allocate memory|internal compiler error",
        "The compiler ran out of memory. Build one file at a time: MAX_JOBS=1 make …",
    ),
)


class SetupError(Exception):
    """Something is missing or failed; the message says what, and what to do."""


def remedy(output: str) -> str:
    """What to do about a failure with this output; empty if nothing is known."""
    for pattern, advice in REMEDIES:
        if re.search(pattern, output, re.IGNORECASE):
            return advice
    return ""


def check_python() -> None:
    """Raise ``SetupError`` unless this interpreter can make the environment."""
    version = "{}.{}".format(*sys.version_info)
    if not (3, 10) <= sys.version_info[:2] <= (3, 12):
        raise SetupError(f"Python 3.10, 3.11 or 3.12 is needed; {sys.executable} is {version}.")
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        raise SetupError(
            f"{sys.executable} cannot create environments (no module venv or ensurepip). "
            f"On Debian and Ubuntu: apt install python{version}-venv"
        ) from None


def check_compiler() -> None:
    """Raise ``SetupError`` unless a C++ file that includes Python.h compiles."""
    compiler = shlex.split(os.environ.get("CXX", "c++"))
    if not shutil.which(compiler[0]):
        raise SetupError(
            f"No C++ compiler: {compiler[0]} is not found, and mmcv has to be compiled. "
            "On Debian and Ubuntu: apt install g++; elsewhere install one, or set CXX."
        )
    headers = sysconfig.get_path("include")
    if not Path(headers, "Python.h").exists():
        raise SetupError(
            f"The headers of {sys.executable} are missing: no {headers}/Python.h. On Debian and "
            "Ubuntu: apt install python{}.{}-dev".format(*sys.version_info)
            + "; or take another Python: PYTHON=python3.11 make …"
        )
    command = [*compiler, "-std=c++17", "-x", "c++", "-fsyntax-only", f"-I{headers}", "-"]
    source = "#include <Python.h>\n#include <vector>\n"
    tried = subprocess.run(command, input=source, capture_output=True, text=True)
    if tried.returncode:
        raise SetupError(f"{shlex.join(command)} fails:\n{tried.stderr[-1500:]}")
