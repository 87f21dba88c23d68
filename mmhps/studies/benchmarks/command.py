"""The whole commands, from the start of the process to the written picture.

Ours is ``mmhps predict``, which runs the shipped model as an ONNX file; the peer is our own
``tools/image_demo.py``, which runs it in PyTorch. Both segment the same drawn street, enlarged.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from mmhps.apis.model_zoo import zoo_root
from mmhps.studies.timing import Row, compare

SIZES = ((1242, 375), (3464, 2310))
"""Width and height: a photo of KITTI, and 8 megapixels."""
TARGET = 1.0
TOLERANCE = 0.02
"""Largest share of pixels that may differ: the ONNX file has weights in half precision."""
COMMANDS = {
    "ours": [sys.executable, "-m", "mmhps", "predict"],
    "peer": [sys.executable, str(zoo_root() / "tools/image_demo.py")],
}

# A process of little memory in between: what a process held before it became another counts, too.
_LAUNCHER = """
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:], stdout=sys.stderr)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)
"""


def run_command(command: list[str], photo: Path, out: Path) -> float:
    """Segment a photo in a process of its own.

    Args:
        command: What is run, without its arguments.
        photo: The photo.
        out: Folder of the results.

    Raises:
        ChildProcessError: It failed.

    Returns:
        The process's memory at the peak in MiB.
    """
    call = [*command, str(photo), "--out-dir", str(out)]
    ended = subprocess.run(
        [sys.executable, "-S", "-c", _LAUNCHER, *call], capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise ChildProcessError(f"{' '.join(call)}: failed with\n{ended.stderr.strip()}")
    return int(ended.stdout) / (2**20 if sys.platform == "darwin" else 2**10)


def compare_on(photo: Path, folder: Path, repeats: int) -> tuple[list[Row], bool]:
    """Compare the commands on a photo: rows of time and memory, and whether the maps are alike.

    Args:
        photo: A PNG file.
        folder: Where the results go.
        repeats: Timed calls of each.
    """
    peaks: dict[str, float] = {}

    def call(name: str) -> None:
        peaks[name] = run_command(COMMANDS[name], photo, folder / name)

    row = compare(photo.stem, partial(call, "ours"), partial(call, "peer"), TARGET, repeats)
    mine, theirs = (round(peaks[name], 1) for name in ("ours", "peer"))
    memory = Row(f"memory (MiB), {photo.stem}", mine, theirs, round(theirs / mine, 2), TARGET)
    maps = [np.asarray(Image.open(folder / name / "panoptic" / photo.name)) for name in COMMANDS]
    return [row, memory], bool((maps[0] != maps[1]).any(axis=-1).mean() <= TOLERANCE)


def run(repeats: int = 5) -> tuple[list[Row], bool]:
    """Compare time and memory; the panoptic maps must be alike."""
    street = Image.open(zoo_root() / "mmhps/web/examples/street1.jpg").convert("RGB")
    rows, agree = [], True
    with tempfile.TemporaryDirectory() as folder:
        for width, height in SIZES:
            photo = Path(folder, f"{width}x{height}.png")
            street.resize((width, height), Image.Resampling.BILINEAR).save(photo)
            found, alike = compare_on(photo, Path(folder), repeats)
            rows += found
            agree &= alike
    return rows, agree
