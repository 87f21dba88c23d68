"""What the terminal shows while a model is trained or tested; the log file keeps everything."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.logging import MMLogger
from tqdm import tqdm

from mmhps.compat.messages import LOGGED_BY_OTHERS
from mmhps.datasets.panoptic_id_dataset import ImageError
from mmhps.engine.runner import AtomicCheckpointRunner

_OF_CONFIG = re.compile(r"__init__\(\) (missing|got|takes) |is not in the \S+ registry")
"""What Python and MMEngine say of a setting or a type that does not exist."""


class ThirdPartyFilter(logging.Filter):
    """Hides what other packages log, except for warnings and errors worth seeing."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the terminal shows the record."""
        if record.levelno > logging.INFO:
            return not record.getMessage().startswith(LOGGED_BY_OTHERS)
        return _logged_from().split(".")[0] == "mmhps"


def _logged_from() -> str:
    """The module that logs; the record itself names mmengine's ``print_log`` where that is used."""
    frame = sys._getframe(1)
    skipped = (__name__, "logging", "mmengine.logging.logger")
    while frame is not None and frame.f_globals.get("__name__") in skipped:
        frame = frame.f_back
    return frame.f_globals.get("__name__", "") if frame else ""


class ConsoleFormatter(logging.Formatter):
    """The message alone, with the level's name where it is a warning or an error."""

    def format(self, record: logging.LogRecord) -> str:
        """The line that is printed."""
        text = super().format(record)
        return text if record.levelno <= logging.INFO else f"{record.levelname}: {text}"


class AboveProgressBars:
    """A stream that prints lines above the progress bars, not into them."""

    def write(self, text: str) -> None:
        """Print ``text`` and draw the bars again below it."""
        tqdm.write(text, file=sys.stdout, end="")

    def flush(self) -> None:
        """Do nothing: every line is on the terminal already."""


def quiet(logger: MMLogger) -> None:
    """Let a logger show only warnings and mmhps' own lines on the terminal."""
    for handler in logger.handlers:
        done = any(isinstance(filter_, ThirdPartyFilter) for filter_ in handler.filters)
        if not done and not isinstance(handler, logging.FileHandler):
            handler.addFilter(ThirdPartyFilter())
            handler.setFormatter(ConsoleFormatter())
            handler.stream = AboveProgressBars()  # setStream would flush the old one, maybe closed


class QuietRunner(AtomicCheckpointRunner):
    """The runner with a quiet terminal; the log file is the same."""

    def build_logger(self, *args, **kwargs) -> MMLogger:
        """Build the logger and make its terminal handler quiet."""
        logger = super().build_logger(*args, **kwargs)
        quiet(logger)
        return logger


@contextmanager
def short_errors() -> Iterator[None]:
    """End a command with the message of an expected error, without its traceback.

    The message says what is wrong with a file, a value or a setting, or which operator or package
    is not installed; a traceback through three packages would hide it. ``--verbose`` shows the
    traceback. What MMEngine logs before there is a runner is hidden as by :class:`QuietRunner`.
    """
    quiet(MMLogger.get_current_instance())
    try:
        yield
    except ImportError as error:
        if "--verbose" in sys.argv or "pip install" not in str(error):
            raise
        sys.exit(
            f"error: {error}\nOr remove from the config what needs it, e.g. from "
            f"visualizer.vis_backends. (--verbose shows where it was raised)"
        )
    except (ValueError, OSError, NotImplementedError, ImageError, KeyError, TypeError) as error:
        message = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
        of_config = isinstance(error, KeyError | TypeError)
        if "--verbose" in sys.argv or (of_config and not _OF_CONFIG.search(message)):
            raise
        # The message of an error in a worker process contains its traceback.
        message = re.sub(r"^Caught \w+ in DataLoader.*\n[\w.]+: ", "", message, flags=re.DOTALL)
        if of_config:
            message = f"the config names what there is not: {message.partition('. Please')[0]}"
        sys.exit(f"error: {message.strip()}\n(--verbose shows where it was raised)")
