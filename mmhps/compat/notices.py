"""Import MMDetection without its remarks on optional packages that mmhps has no use for.

Fault: onedl-mmdetection 3.5 prints when OneDL is not installed, and warns when faster_coco_eval is
not. Both can go when MMDetection says this only where the packages are asked for. And where
albumentations is installed, importing it with MMDetection asks PyPI for its newest version, and
warns without a network. This can go when MMDetection imports it only for ``Albu``.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import warnings
from collections.abc import Iterator

ONEDL_NOTICE = "Could not import OneDL. Skipping OneDL datasets."
FASTER_COCO_NOTICE = "faster_coco_eval is not installed"


@contextlib.contextmanager
def without_notices() -> Iterator[None]:
    """Drop the two notices from what is printed and warned of; all else passes.

    albumentations does not look for updates, unless NO_ALBUMENTATIONS_UPDATE says otherwise.
    """
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), warnings.catch_warnings():
            warnings.filterwarnings("ignore", FASTER_COCO_NOTICE, UserWarning)
            yield
    finally:
        lines = printed.getvalue().splitlines(keepends=True)
        sys.stdout.writelines(line for line in lines if line.strip() != ONEDL_NOTICE)
