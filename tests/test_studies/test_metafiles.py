"""Metafiles and the page of the zoo follow the stored results."""

import json

import pytest
from mmengine.fileio import dump, load

from mmhps.apis import model_zoo
from mmhps.studies import metafiles


@pytest.fixture
def metafile(tmp_path):
    """A metafile of three models: one with weights, one with a result, one with neither."""
    models = [
        dict(
            Name=f"{system}_r18",
            Config=f"configs/street/{system}_r18.py",
            Metadata={"Training Data": "x", **seed},
            Weights=weights,
        )
        for system, seed, weights in (
            ("a", {}, "http://old/a_r18-12345678.pth"),
            ("b", dict(Seed=1), model_zoo.NOT_PUBLISHED),
            ("c", dict(Seed=0), model_zoo.NOT_PUBLISHED),
        )
    ]
    path = tmp_path / "configs" / "street" / "metafile.yml"
    path.parent.mkdir(parents=True)
    dump(dict(Collections=[], Models=models), path)
    (tmp_path / "model-index.yml").write_text("Import: [configs/street/metafile.yml]")
    return path


def test_metafile_without_results_claims_none(metafile, tmp_path):
    metafile.write_text(metafiles.updated_metafile(metafile, tmp_path))
    models = model_zoo.read_models(tmp_path)
    assert list(models) == ["a_r18", "b_r18", "c_r18"]
    assert not [model for model in models.values() if "Results" in model]
    assert models["a_r18"]["Weights"] == f"{model_zoo.WEIGHTS_ADDRESS}a_r18-12345678.pth"
    assert [model_zoo.weights_file(model) for model in models.values()] == [
        "a_r18-12345678.pth",
        "",
        "",
    ]


def test_result_is_that_of_the_seed(metafile, tmp_path):
    metrics = dict(PQ=40.5, SQ=70.0, RQ=50.0, PQ_th=41.0, PQ_st=40.0)
    runs = {
        "0": dict(metrics=dict(metrics, PQ=1.0), date="2030-01-01"),
        "1": dict(metrics=metrics, date="2030-01-02"),
    }
    (tmp_path / "street.json").write_text(json.dumps({"b": runs}))
    metafile.write_text(metafiles.updated_metafile(metafile, tmp_path))
    with_result = [model for model in load(metafile)["Models"] if "Results" in model]
    assert [model["Name"] for model in with_result] == ["b_r18"]
    assert with_result[0]["Results"] == [
        dict(
            Task="Panoptic Segmentation",
            Dataset="x",
            Metrics=dict(PQ=40.5, PQ_th=41.0, PQ_st=40.0),
            Date="2030-01-02",
        )
    ]
    (tmp_path / "street.json").unlink()
    assert "Results" not in metafiles.updated_metafile(metafile, tmp_path)


def test_table_of_models():
    assert len(metafiles.models_table([]).splitlines()) == 2
    models = [
        dict(
            Name="a",
            Config="configs/a.py",
            Metadata={"Training Data": "X"},
            Weights=model_zoo.NOT_PUBLISHED,
        ),
        dict(
            Name="b",
            Config="configs/b.py",
            Metadata={"Training Data": "X", "Seed": 0},
            Weights="https://host/b-12345678.pth",
            Results=[dict(Metrics=dict(PQ=0.0, PQ_th=41.26, PQ_st=40.0), Date="2030-01-02")],
        ),
    ]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in metafiles.models_table(models).splitlines()[2:]
    ]
    published = "[b-12345678.pth](https://host/b-12345678.pth)"
    assert rows == [
        ["[a](../configs/a.py)", "X", "", "", "–", "–", "–", "not published"],
        ["[b](../configs/b.py)", "X", "0", "2030-01-02", "0.0", "41.3", "40.0", published],
    ]
