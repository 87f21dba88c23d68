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
    out, plot = tmp_path / "growth.json", tmp_path / "images/growth.png"
    command.main(["--plot", str(plot), "--out", str(out), "--repeats", "1"])
    result = json.loads(out.read_text(encoding="utf-8"))
    assert [point["x"] for point in result["instances"]] == [0, 2]
    assert [point["x"] for point in result["megapixels"]] == [0.002048, 0.008192]
    assert all(point[key] > 0 for point in result["instances"] for key in ("ours_ms", "peer_ms"))
    assert {"date", "threads"} <= result["about"].keys()
    assert plot.stat().st_size > 1000


def test_each_panel_shows_its_values():
    point = dict(x=3, ours_ms=1.0, peer_ms=2.0, ours_mib=4.0, peer_mib=8.0)
    figure = growth.draw(dict(instances=[point], megapixels=[dict(point, x=0.5)]))
    shown = [[line.get_xydata().tolist() for line in axes.lines] for axes in figure.axes]
    assert shown == [
        [[[3, 1]], [[3, 2]]],
        [[[0.5, 1]], [[0.5, 2]]],
        [[[3, 4]], [[3, 8]]],
        [[[0.5, 4]], [[0.5, 8]]],
    ]
