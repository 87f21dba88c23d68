"""Table 1: what is read, reported and summarized."""

import json
from pathlib import Path

import pytest
from mmengine.config import Config

from mmhps.engine.report import VALUES

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def table1(load_tool):
    return load_tool("analysis_tools/table1.py")


def test_report_without_results(table1, tmp_path):
    with pytest.raises(SystemExit, match="There is no result in"):
        table1.main(["--report", "--out", str(tmp_path)])


def test_report_and_summary(table1, tmp_path, capsys):
    run = dict(metrics=dict.fromkeys(VALUES, 12.34), config="long", checkpoint="iter_1.pth", seed=5)
    folder = tmp_path / "mini" / "hps-seed5"
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(json.dumps(run))
    summary = tmp_path / "docs" / "summary.json"
    summary.parent.mkdir()
    former = {"1": dict(metrics={}, seed=1)}
    summary.write_text(json.dumps({"hps": former, "hps-isi": former}))
    arguments = ["--report", "--out", str(tmp_path), "--seeds", "5", "--summary", str(summary)]
    table1.main(arguments)
    assert "| HPS    | 1     | 12.3 |" in capsys.readouterr().out
    assert json.loads(summary.read_text()) == {
        "hps": {"5": dict(metrics=run["metrics"], seed=5)},
        "hps-isi": former,  # there is no run of it here
    }


def test_variants_change_what_they_say(table1):
    for name, (_, system, changes) in table1.VARIANTS.items():
        usual = Config.fromfile(ROOT / "configs" / table1.CONFIGS["mini"].format(system))
        changed = table1.configure("mini", name)
        assert (usual.to_dict() == changed.to_dict()) == (not changes)
        usual.merge_from_dict(changes)
        assert usual.to_dict() == changed.to_dict()


def test_every_config_exists(table1):
    for pattern in table1.CONFIGS.values():
        for system in table1.SYSTEMS:
            assert (ROOT / "configs" / pattern.format(system)).is_file()
