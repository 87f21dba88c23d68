"""Folds pooled on the command line."""

import json

import numpy as np
import pytest

from mmhps.metrics.matching import PanopticStats


@pytest.fixture
def scored(command, monkeypatch):
    """Each run of HPS finds the thing of its photo, those of Panoptic FPN miss it."""

    def image_stats(run, device):
        tp = np.array([int(run.name.startswith("hps")), 1])
        image = PanopticStats(0.9 * tp, tp, np.array([0, 0]), 1 - tp)
        return {(run.name[-1], "x.png"): image}, [True, False]

    monkeypatch.setattr(command, "image_stats", image_stats)


def test_differences_to_the_first_system(command, scored, tmp_path, capsys):
    out = tmp_path / "pooled.json"
    runs = ["panoptic-fpn-seed0", "hps-seed0", "panoptic-fpn-seed1", "hps-seed1"]
    command.main([*runs, "--out", str(out)])
    stored = json.loads(out.read_text())
    assert stored["images"] == 2
    assert stored["systems"]["hps"]["Things"] == dict(pq=90, difference=90, low=90, high=90)
    assert "| HPS          | 2      | 90.0 |" in capsys.readouterr().out


def test_other_folds_are_an_error(command, scored):
    with pytest.raises(SystemExit) as stop:
        command.main(["panoptic-fpn-seed0", "hps-seed1"])
    assert "Name the same folds of each system" in str(stop.value)


def test_a_folder_without_a_run(command, tmp_path):
    with pytest.raises(SystemExit) as stop:
        command.main([str(tmp_path), "--device", "cpu"])
    assert "Name the folder of a finished run" in str(stop.value)
