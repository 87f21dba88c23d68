"""The files that come with mmhps: configs, checkpoints, and the exported model."""

from __future__ import annotations

from pathlib import Path

INDEX = "model-index.yml"
SHIPPED_MODEL = "hps-isi_lite0_streets"
"""The model that segments pictures unless another one is named."""


def zoo_root() -> Path:
    """The folder with configs/, checkpoints/ and the index: of the sources, or of the wheel.

    Raises:
        FileNotFoundError: There is none.
    """
    package = Path(__file__).resolve().parents[1]
    for root in (package / ".mim", package.parent):
        if (root / INDEX).is_file():
            return root
    raise FileNotFoundError(
        f"{package / '.mim' / INDEX}: neither there nor beside the package are the configs and "
        "checkpoints. Install mmhps from its sources or its wheel, or name a config and a "
        "checkpoint by their paths."
    )


def shipped_onnx() -> Path:
    """The exported file of the shipped model.

    Raises:
        FileNotFoundError: It was not installed.
    """
    folder = zoo_root() / "checkpoints"
    found = sorted(folder.glob(f"{SHIPPED_MODEL}-*.onnx"))
    if not found:
        raise FileNotFoundError(
            f"{folder / SHIPPED_MODEL}-*.onnx: the exported model is missing. Install mmhps again, "
            f"or export one with tools/deployment/export_onnx.py and name it."
        )
    return found[-1]
