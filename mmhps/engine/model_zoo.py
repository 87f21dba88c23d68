"""The models that the metafiles list: configs, published weights and measured results."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.fileio import dump, load

WEIGHTS_ADDRESS = "https://example.org/mmhps/"
"""Where the files of checkpoints/ are hosted: all ``Weights`` of the metafiles begin with it."""

NOT_PUBLISHED = "not published/"
"""``Weights`` of a model without any.

mim fails on models without this key, and takes what follows the last slash as the name of the
file: with none, it has nothing to download and writes the config alone.
"""
INDEX = "model-index.yml"


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


def metafiles(root: Path) -> list[Path]:
    """The metafiles that the index imports."""
    return [root / name for name in load(root / INDEX)["Import"]]


def read_models(root: Path) -> dict[str, dict[str, Any]]:
    """The entries of all models by name, in the order of the metafiles."""
    return {model["Name"]: model for path in metafiles(root) for model in load(path)["Models"]}


def updated_metafile(path: Path, folder: Path) -> str:
    """A metafile with the present address of the weights and the stored results.

    Args:
        path: configs/NAME/metafile.yml. ``Metadata.Seed`` of a model says which of its runs is
            listed.
        folder: Where NAME.json is, as :func:`mmhps.engine.report.write_summary` stores it, if
            there are results; the config SYSTEM_….py is that of its SYSTEM.
    """
    stored = folder / f"{path.parent.name}.json"
    results = load(stored) if stored.is_file() else {}
    metafile = load(path)
    for model in metafile["Models"]:
        file = weights_file(model)
        model["Weights"] = WEIGHTS_ADDRESS + file if file else NOT_PUBLISHED
        metadata = model["Metadata"]
        runs = results.get(model["Name"].partition("_")[0], {})
        run = runs.get(str(metadata.get("Seed")))
        model.pop("Results", None)
        if run:
            model["Results"] = [
                dict(
                    Task="Panoptic Segmentation",
                    Dataset=metadata["Training Data"],
                    Metrics={key: run["metrics"][key] for key in ("PQ", "PQ_th", "PQ_st")},
                )
            ]
    return dump(metafile, file_format="yaml", sort_keys=False)


def weights_file(model: Mapping[str, Any]) -> str:
    """The name of a model's published file; empty if there is none."""
    return model["Weights"].rpartition("/")[2]
