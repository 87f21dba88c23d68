"""Start the page."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from pathlib import Path

from mmhps.street_scenes import draw_scene

from .exported import default_onnx
from .photos import MAX_MEGABYTES

__all__ = ["serve"]

_EXAMPLES = (3, 8, 12)
"""Numbers of the drawn scenes of the validation set that are shown as examples."""
_SIZE = (768, 384)
_CSS = """
#picture .image-frame { width: 100%; }
#picture img { width: 100%; max-height: 75vh; object-fit: contain; }
"""
"""Small pictures are enlarged, so that their segments can be hit."""


def serve(onnx: str | Path | None = None, host: str | None = None, port: int | None = None) -> None:
    """Show the page until the process is stopped.

    Args:
        onnx: Exported model; None takes the shipped one, which is exported at the first start.
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
            from mmhps.deployment.runtime import OnnxModel

            from .page import build_page
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                f"{error.name} is missing, which the page needs. Install it: pip install "
                f"mmhps[deploy,web]"
            ) from error
        model = OnnxModel(onnx or default_onnx())
        examples = [draw_scene(0, "val", index, _SIZE)[0] for index in _EXAMPLES]
        page = build_page(model, examples, Path(folder, "downloads"))
        page.queue(max_size=32).launch(
            server_name=host,
            server_port=port,
            max_file_size=f"{MAX_MEGABYTES}mb",
            footer_links=[],
            css=_CSS,
        )
