"""The body of commands that segment pictures."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from mmhps.results import Skipped

from .picture_stream import PictureStream


def segment_pictures(
    inferencer: Callable[[], PictureStream], inputs: Sequence[str], batch_size: int, out_dir: Path
) -> None:
    """Segment pictures into a folder, say what is there, and what could not be read.

    Args:
        inferencer: Makes the inferencer.
        inputs: Pictures, see :meth:`PictureStream.stream`.
        batch_size: Pictures that go through the network together.
        out_dir: The folder.

    Raises:
        SystemExit: A picture could not be read, or nothing could be done.
    """
    done, problems = 0, []
    try:
        for prediction in inferencer().stream(list(inputs), batch_size, out_dir):
            if isinstance(prediction, Skipped):
                problems.append(prediction.error)
            else:
                done += 1
    except (ValueError, OSError, ModuleNotFoundError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:  # how a webcam is ended
        pass
    pictures = "1 picture" if done == 1 else f"{done} pictures"
    print(f"{out_dir}: {pictures} in overlays/, panoptic/ and panoptic.json")
    if problems:
        sys.exit("\n".join([f"error: {len(problems)} could not be read:", *problems]))
