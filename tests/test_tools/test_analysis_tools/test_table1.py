"""Table 1: what is read, reported and summarized."""

import json
from pathlib import Path

import pytest

from mmhps.studies.tables import VALUES

ROOT = Path(__file__).parents[3]


def test_report_without_results(command, tmp_path):
    with pytest.raises(SystemExit, match="There is no result of these configs in"):
        command.main(["--dataset", "mini", "--report", "--out", str(tmp_path)])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name the configs to compare, or a --dataset"),
        (["none.py", "--report"], "there is no config none.py"),
    ],
)
def test_configs_are_needed(command, arguments, message, capsys):
    with pytest.raises(SystemExit):
        command.main(arguments)
    assert message in capsys.readouterr().err


def test_report_and_summary(command, tmp_path, capsys):
    run = dict(metrics=dict.fromkeys(VALUES, 12.34), config="long", checkpoint="iter_1.pth", seed=5)
    folder = tmp_path / "mini" / "hps-seed5"
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(json.dumps(run))
    summary = tmp_path / "docs" / "summary.json"
    summary.parent.mkdir()
    former = {"1": dict(metrics={}, seed=1)}
    summary.write_text(json.dumps({"hps": former, "hps-isi": former}))
    arguments = [
        "--dataset",
        "mini",
        "--report",
        "--out",
        str(tmp_path),
        "--seeds",
        "5",
        "--summary",
        str(summary),
    ]
    command.main(arguments)
    assert "| HPS    | 1     | 12.3 |" in capsys.readouterr().out
    assert json.loads(summary.read_text()) == {
        "hps": {"5": dict(metrics=run["metrics"], seed=5)},
        "hps-isi": former,  # there is no run of it here
    }


def test_an_ablation_has_the_title_of_its_config(command, tmp_path, capsys):
    folder = tmp_path / "ablations" / "hps-x1-seed0"
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(json.dumps(dict(metrics=dict.fromkeys(VALUES, 1.0))))
    config = str(ROOT / "configs/ablations/hps-x1.py")
    command.main([config, "--report", "--out", str(tmp_path)])
    assert "| HPS, mask logits × 1 | 1 " in capsys.readouterr().out
