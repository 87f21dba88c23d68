"""What a user sees on the terminal while a model is trained or tested; the log file keeps all."""

from __future__ import annotations

import logging
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.logging import MMLogger, print_log
from mmengine.runner import checkpoint
from tqdm import tqdm

from mmhps.engine.runner import WholeRunner

# What MMEngine, MMDetection and torch say about each other in every run, and about which a user of
# mmhps can do nothing. What is logged stays in the log file.
LOGGED_BY_STRANGERS = (
    '"FileClient" will be deprecated in future.',
    '"HardDiskBackend" is the alias of "LocalBackend"',
    # onedl's mmengine tries again without protection; mmhps does not let it, or was told to.
    "Could not safely load weights: ",
    # mmdet's own collector of predictions (--out), which has no metrics to prefix.
    "The prefix is not set in metric class DumpDetResults.",
)
WARNED_BY_STRANGERS = (
    # mmengine's wrapper of distributed models passes it to torch.
    ("`broadcast_buffers` is deprecated", FutureWarning),
    # --out; mmdet advises a metric that needs panopticapi.
    ("Panoptic segmentation map will not be compressed", UserWarning),
    # A second runner in one process takes the visualizer of the first.
    (r"<class 'mmhps\..*instance named of visualizer has been created", UserWarning),
    # mmengine says that it sets what no one had set.
    ("Setting (OMP|MKL)_NUM_THREADS environment variable", UserWarning),
)


def hide_strangers_warnings() -> None:
    """Makes Python's warnings of ``WARNED_BY_STRANGERS`` silent from now on."""
    for message, category in WARNED_BY_STRANGERS:
        warnings.filterwarnings("ignore", message, category)
    # mmengine prints the path of each checkpoint that it loads, past every logger.
    checkpoint.print_log = _log


def _log(message: str, logger: object = None, level: int = logging.INFO) -> None:
    """mmengine's ``print_log``, to the log where it would print."""
    print_log(message, "current" if logger is None else logger, level)


class OursOnly(logging.Filter):
    """Lets warnings and errors pass, and of the rest what mmhps itself has to say."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the terminal shows the record."""
        if record.levelno > logging.INFO:
            return not record.getMessage().startswith(LOGGED_BY_STRANGERS)
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


class AboveBars:
    """A stream whose lines go above the progress bars that are shown, not into them."""

    def write(self, text: str) -> None:
        """Prints ``text`` and draws the bars again below it."""
        tqdm.write(text, file=sys.stdout, end="")

    def flush(self) -> None:
        """Everything is on the terminal already."""


def quiet(logger: MMLogger) -> None:
    """Lets a logger show only warnings and mmhps' own lines on the terminal."""
    for handler in logger.handlers:
        done = any(isinstance(filter_, OursOnly) for filter_ in handler.filters)
        if not done and not isinstance(handler, logging.FileHandler):
            handler.addFilter(OursOnly())
            handler.setFormatter(ConsoleFormatter())
            handler.stream = AboveBars()  # setStream would flush the old one, maybe closed


class QuietRunner(WholeRunner):
    """The runner with a quiet terminal; the log file is the same."""

    def build_logger(self, *args, **kwargs) -> MMLogger:
        """The logger, its terminal handler made quiet."""
        logger = super().build_logger(*args, **kwargs)
        quiet(logger)
        return logger


@contextmanager
def short_errors() -> Iterator[None]:
    """Ends a command at an error of ours with its message alone.

    It says what is wrong with a file or a value, or which operator is not installed; a traceback
    through three packages would hide that. With ``--verbose`` it is shown.
    """
    try:
        yield
    except (ValueError, OSError, NotImplementedError) as error:
        if "--verbose" in sys.argv:
            raise
        # What a worker process raised brings its traceback as text.
        message = re.sub(r"^Caught \w+ in DataLoader.*\n\w+: ", "", str(error), flags=re.DOTALL)
        sys.exit(f"error: {message.strip()}\n(--verbose shows where it was raised)")
