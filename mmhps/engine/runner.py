"""MMEngine's runner, with checkpoints that are either complete or absent."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from mmengine.dist import master_only
from mmengine.runner import Runner


class AtomicCheckpointRunner(Runner):
    """Writes each checkpoint to a temporary file, and renames it when it is complete."""

    @master_only
    def save_checkpoint(self, out_dir: str, filename: str, *args, **kwargs) -> None:
        """Write a checkpoint; for the arguments see ``Runner.save_checkpoint``.

        Raises:
            OSError: It cannot be written, e.g. because the disk is full. An earlier file of this
                name stays as it was.
        """
        if "://" in str(out_dir):
            super().save_checkpoint(out_dir, filename, *args, **kwargs)
            return
        path = Path(out_dir, filename)
        part = path.with_name(f"{filename}.part")
        try:
            super().save_checkpoint(out_dir, part.name, *args, **kwargs)
            os.replace(part, path)
        except OSError as error:
            with suppress(OSError):
                part.unlink()
            raise OSError(
                error.errno,
                f"{path}: the checkpoint could not be written ({error.strerror}); earlier ones are "
                f"intact. Make room or choose another --work-dir, and go on with --resume",
            ) from error


def check_work_dir(work_dir: str) -> None:
    """Make the folder, and refuse one in which no file can be written.

    Raises:
        OSError: It cannot be made or written; the message says why.
    """
    probe = Path(work_dir, f".writable-{os.getpid()}")
    try:
        probe.parent.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise OSError(
            error.errno,
            f"{work_dir}: logs and checkpoints cannot be written there ({error.strerror}). Choose "
            f"another folder with --work-dir",
        ) from error
