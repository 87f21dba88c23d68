"""The growth of the fusion's cost is measured at each size, and drawn as measured."""

import json

import pytest

from mmhps.studies.benchmarks import growth


@pytest.fixture
def command(load_tool):
    return load_tool("analysis_tools/fusion_growth.py")


def test_values_and_plot(command, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(growth, "SIZE", (64, 32))
    monkeypatch.setattr(growth, "COUNTS", (0, 2))
    monkeypatch.setattr(growth, "SIZES", ((64, 32), (128, 64)))
    monkeypatch.setattr(growth, "NETWORK_SIZES", ((64, 64),))
    out, plot = tmp_path / "growth.json", tmp_path / "images/growth.png"
    command.main(["--plot", str(plot), "--out", str(out), "--repeats", "1"])
    result = json.loads(out.read_text(encoding="utf-8"))
    about = result.pop("about")
    assert {key: [point["x"] for point in points] for key, points in result.items()} == {
        "fusion, instances": [0, 2],
        "fusion, megapixels": [0.002048, 0.008192],
        "loss, instances": [0, 2],
        "network, megapixels": [0.004096],
    }
    for key, points in result.items():
        names = {"mmhps"} if key == "loss, instances" else {"mmhps", "MMDetection"}
        for point in points:
            assert point["ms"].keys() == point["mib"].keys() == names
            assert all(value > 0 for value in point["ms"].values())
    assert {"date", "threads"} <= about.keys()
    assert plot.stat().st_size > 1000


def test_each_panel_shows_its_values():
    point = dict(x=3, ms=dict(mmhps=1.0, MMDetection=2.0), mib=dict(mmhps=4.0, MMDetection=8.0))
    alone = dict(x=5, ms=dict(mmhps=3.0), mib=dict(mmhps=9.0))
    result = {key: [dict(point, x=number)] for number, key in enumerate(growth.all_series(), 1)}
    result["loss, instances"] = [alone]
    figure = growth.draw(result)
    shown = [[line.get_xydata().tolist() for line in axes.lines] for axes in figure.axes]
    assert shown == [
        *([[[x, 1]], [[x, 2]]] for x in (1, 2)),
        [[[5, 3]]],
        [[[4, 1]], [[4, 2]]],
        *([[[x, 4]], [[x, 8]]] for x in (1, 2)),
        [[[5, 9]]],
        [[[4, 4]], [[4, 8]]],
    ]


def test_loss_of_the_instances_has_gradients():
    (call,) = growth.losses(64, 32, 2).values()
    masks, logits = call()
    assert masks.shape == (2, 28, 28) and masks.any()
    assert logits.shape == (1, 19, 8, 16) and logits.any()
