"""Keep the metafiles and the page of the zoo up to date with stored results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.fileio import dump, load

from mmhps.apis.model_zoo import NOT_PUBLISHED, WEIGHTS_ADDRESS, read_models, weights_file, zoo_root
from mmhps.markdown import markdown_table

METRICS = ("PQ", "PQ_th", "PQ_st")
"""What the metafiles list of a result, in percent."""


def stored_run(model: Mapping[str, Any], folder: Path) -> dict[str, Any] | None:
    """The stored run of a model's system and ``Metadata.Seed``; None if there is none.

    Args:
        model: Entry of a metafile. Its config is configs/NAME/SYSTEM_….py.
        folder: Where the results NAME.json are, as
            :func:`mmhps.studies.tables.write_summary` stores them.
    """
    stored = folder / f"{Path(model['Config']).parent.name}.json"
    runs = load(stored).get(model["Name"].partition("_")[0], {}) if stored.is_file() else {}
    return runs.get(str(model["Metadata"].get("Seed")))


def updated_metafile(path: Path, folder: Path) -> str:
    """The text of a metafile with the present address of the weights and the stored results.

    Args:
        path: The metafile.
        folder: See :func:`stored_run`.
    """
    metafile = load(path)
    for model in metafile["Models"]:
        file = weights_file(model)
        model["Weights"] = WEIGHTS_ADDRESS + file if file else NOT_PUBLISHED
        model.pop("Results", None)
        if run := stored_run(model, folder):
            model["Results"] = [
                dict(
                    Task="Panoptic Segmentation",
                    Dataset=model["Metadata"].get("Test Data", model["Metadata"]["Training Data"]),
                    Metrics={key: run["metrics"][key] for key in METRICS},
                    Date=run["date"],
                )
            ]
    return dump(metafile, file_format="yaml", sort_keys=False)


def enter_weights(root: Path, name: str, file: str, seed: int) -> Path:
    """Write a published file into the metafile of its model, with the results of its seed.

    Args:
        root: See :func:`zoo_root`.
        name: Name of the model.
        file: Name of the file.
        seed: Seed of the training.

    Returns:
        The metafile.
    """
    path = (root / read_models(root)[name]["Config"]).with_name("metafile.yml")
    metafile = load(path)
    for model in metafile["Models"]:
        if model["Name"] == name:
            model["Weights"], model["Metadata"]["Seed"] = file, seed
    dump(metafile, path, sort_keys=False)
    path.write_text(updated_metafile(path, root / "docs/results"), encoding="utf-8")
    return path


def models_table(models: Sequence[Mapping[str, Any]]) -> str:
    """The models of a metafile as a table for a page in docs/."""
    rows = []
    for model in models:
        (result,) = model.get("Results", [dict(Metrics={})])
        values = [result["Metrics"].get(key) for key in METRICS]
        rows.append(
            [
                f"[{model['Name']}](../{model['Config']})",
                model["Metadata"]["Training Data"],
                str(model["Metadata"].get("Seed", "")),
                result.get("Date", ""),
                *("–" if value is None else f"{value:.1f}" for value in values),
                _weights_link(model),
            ]
        )
    header = ["model", "data set", "seed", "measured", "PQ", "PQ Th", "PQ St", "weights"]
    return markdown_table(header, rows)


def _weights_link(model: Mapping[str, Any]) -> str:
    """A link to the shipped file, or else to its address."""
    file = weights_file(model)
    if not file:
        return "not published"
    shipped = (zoo_root() / "checkpoints" / file).is_file()
    return f"[{file}]({f'../checkpoints/{file}' if shipped else model['Weights']})"
