"""The metafiles list every config, the stored results and the weights at hand."""

import hashlib
import json
from pathlib import Path

import pytest
from mmengine.fileio import load

from mmhps.apis import model_zoo
from mmhps.studies import metafiles

ROOT = Path(__file__).parents[2]
METAFILES = model_zoo.metafiles(ROOT)
MODELS = model_zoo.read_models(ROOT)
STORED = [ROOT / f"docs/results/{path.parent.name}.json" for path in METAFILES]
RESULTS = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in STORED if path.is_file()
}


def test_every_config_is_listed_once():
    listed = [model for path in METAFILES for model in load(path)["Models"]]
    folders = [path.parent for path in METAFILES]
    configs = [p.relative_to(ROOT).as_posix() for folder in folders for p in folder.glob("*.py")]
    assert len(configs) == 29
    assert {p.name for p in (ROOT / "configs").iterdir()} == {
        *(folder.name for folder in folders),
        "_base_",
        "ablations",  # of which no weights are published
    }
    assert sorted(model["Config"] for model in listed) == sorted(configs)
    for model in listed:
        assert model["Name"] == Path(model["Config"]).stem == model["Name"].lower()


@pytest.mark.parametrize("path", METAFILES, ids=lambda path: path.parent.name)
def test_metafile_is_up_to_date(path):
    fresh = metafiles.updated_metafile(path, ROOT / "docs/results")
    assert path.read_text(encoding="utf-8") == fresh


@pytest.mark.parametrize("path", METAFILES, ids=lambda path: path.parent.name)
def test_collections_are_those_of_the_models(path):
    metafile = load(path)
    collections = [collection["Name"] for collection in metafile["Collections"]]
    assert set(collections) == {model["In Collection"] for model in metafile["Models"]}


def test_results_are_stored_ones_of_the_same_system_and_seed():
    assert RESULTS.keys() >= {"mini", "camvid"}
    for name, model in MODELS.items():
        folder, system = model["Config"].split("/")[1], name.split("_")[0]
        runs = RESULTS.get(folder, {}).get(system)
        assert ("Results" in model) == bool(runs)
        if runs:
            (result,) = model["Results"]
            measured = runs[str(model["Metadata"]["Seed"])]["metrics"]
            assert result["Metrics"] == {key: measured[key] for key in ("PQ", "PQ_th", "PQ_st")}


def test_published_files_are_those_at_hand():
    published = {model_zoo.weights_file(model) for model in MODELS.values()} - {""}
    files = list((ROOT / "checkpoints").iterdir())
    assert published == {path.name for path in files if path.suffix == ".pth"}
    assert {path.suffix for path in files} == {".pth", ".onnx"}
    for path in files:
        digits = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
        assert path.stem.endswith(f"-{digits}")


def test_address_is_one_setting(monkeypatch):
    (path,) = [path for path in METAFILES if path.parent.name == "mini"]
    monkeypatch.setattr(metafiles, "WEIGHTS_ADDRESS", "https://elsewhere/")
    text = metafiles.updated_metafile(path, ROOT / "docs/results")
    addresses = [line.split(": ")[1] for line in text.splitlines() if " Weights: " in line]
    assert len(addresses) == 6
    for address in addresses:
        assert address.startswith("https://elsewhere/") or address == "not published/"
