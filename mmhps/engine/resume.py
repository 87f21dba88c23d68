"""Find the checkpoint from which to resume an interrupted training."""

from __future__ import annotations

import logging
import zipfile
from pathlib import Path

from mmengine.logging import print_log


def newest_complete_checkpoint(work_dir: str | Path) -> str | None:
    """Find the newest checkpoint of a run that is not damaged.

    Looks at ``iter_*.pth`` and ``epoch_*.pth`` in the folder and at the one that MMEngine's
    ``last_checkpoint`` names, and warns about each one that it skips.

    Args:
        work_dir: Folder of the run.

    Returns:
        Its path; None if the run has no checkpoint.

    Raises:
        ValueError: There are checkpoints, but all of them are damaged.
    """
    work_dir = Path(work_dir)
    found = {*work_dir.glob("iter_*.pth"), *work_dir.glob("epoch_*.pth")}
    pointer = work_dir / "last_checkpoint"
    if pointer.is_file():
        named = Path(pointer.read_text(encoding="utf-8").strip())
        # Compared by their files: the path may be relative or not.
        if named.is_file() and not any(path.samefile(named) for path in found):
            found.add(named)
    for path in sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True):
        if is_complete(path):
            return str(path)
        print_log(
            f"{path} is damaged, as when a run is killed while writing it. Looking for an older "
            f"one",
            logger="current",
            level=logging.WARNING,
        )
    if found:
        raise ValueError(
            f"{work_dir}: all checkpoints are damaged ({', '.join(sorted(map(str, found)))}). "
            f"Remove them to start anew, or name one with --resume CHECKPOINT."
        )
    return None


def is_complete(path: Path) -> bool:
    """Check that a file that torch wrote is complete and its checksums are right."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (zipfile.BadZipFile, EOFError, OSError):
        return False
