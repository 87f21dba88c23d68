"""Start the page."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from pathlib import Path

import numpy as np

from mmhps.runtime import OnnxModel
from mmhps.runtime.shipped import shipped_onnx
from mmhps.structures.picture_files import read_picture

from .photos import MAX_MEGABYTES

__all__ = ["serve"]

_EXAMPLES = Path(__file__).parent / "examples"
"""Drawn scenes 3, 8 and 12 of the validation set of seed 0."""
_CSS = """
#picture .image-frame { width: 100%; }
#picture img { width: 100%; max-height: 75vh; object-fit: contain; }
"""
"""Small pictures are enlarged, so that their segments can be hit."""


def serve(onnx: str | Path | None = None, host: str | None = None, port: int | None = None) -> None:
    """Show the page until the process is stopped.

    Args:
        onnx: Exported model; None takes the shipped one.
        host: Address to listen on. None takes ``$GRADIO_SERVER_NAME``, or else 127.0.0.1, which
            only this machine reaches.
        port: None takes ``$GRADIO_SERVER_PORT``, or else the first free one from 7860 on.

    Raises:
        ModuleNotFoundError: A package is missing.
        FileNotFoundError: There is no such file.
        ValueError: The file holds another kind of model.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # else nothing would be deleted
    with tempfile.TemporaryDirectory(prefix="mmhps-web-") as folder:
        os.environ["GRADIO_TEMP_DIR"] = folder  # gradio reads it when it is imported
        try:
            from .page import build_page
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                f"{error.name} is missing, which the page needs. Install it, in a clone of mmhps: "
                'pip install ".[web]"'
            ) from error
        model = OnnxModel(onnx or shipped_onnx())
        examples = [
            np.ascontiguousarray(read_picture(path)[..., ::-1])
            for path in sorted(_EXAMPLES.glob("*.jpg"))
        ]
        page = build_page(model, examples, Path(folder, "downloads"))
        page.queue(max_size=32).launch(
            server_name=host,
            server_port=port,
            max_file_size=f"{MAX_MEGABYTES}mb",
            footer_links=[],
            css=_CSS,
        )
