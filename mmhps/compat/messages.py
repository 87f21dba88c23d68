"""Hide third-party warnings that appear in every run and that users of mmhps cannot act on.

Each entry names its origin, and can be removed when that no longer warns. The log file keeps what
is logged.
"""

from __future__ import annotations

import logging
import warnings

from mmengine.logging import print_log
from mmengine.runner import checkpoint

LOGGED_BY_OTHERS = (
    # mmengine's hooks and MMDetection's image loader still use the old names.
    '"FileClient" will be deprecated in future.',
    '"HardDiskBackend" is the alias of "LocalBackend"',
    # onedl-mmengine tries again without protection; mmhps does not let it, or was told to.
    "Could not safely load weights: ",
    # MMDetection's own collector of predictions (--out), which has no metrics to prefix.
    "The prefix is not set in metric class DumpDetResults.",
)
"""How warnings in the log begin that the terminal does not show."""

WARNED_BY_OTHERS = (
    # mmengine's wrapper of distributed models passes it to torch.
    ("`broadcast_buffers` is deprecated", FutureWarning),
    # --out; MMDetection advises a metric that needs panopticapi.
    ("Panoptic segmentation map will not be compressed", UserWarning),
    # A second runner in one process takes the visualizer of the first.
    (r"<class 'mmhps\..*instance named of visualizer has been created", UserWarning),
    # mmengine announces a default that it sets.
    ("Setting (OMP|MKL)_NUM_THREADS environment variable", UserWarning),
)
"""Python's warnings that are hidden: how they begin, and their category."""


def hide_third_party_warnings() -> None:
    """Hide ``WARNED_BY_OTHERS`` from now on, and log the paths of checkpoints that are loaded."""
    for message, category in WARNED_BY_OTHERS:
        warnings.filterwarnings("ignore", message, category)
    # mmengine prints the path of each checkpoint that it loads, past every logger.
    checkpoint.print_log = _log


def _log(message: str, logger: object = None, level: int = logging.INFO) -> None:
    """mmengine's ``print_log``, to the log where it would print."""
    print_log(message, "current" if logger is None else logger, level)
