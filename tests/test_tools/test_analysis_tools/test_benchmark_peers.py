"""The command that times us against peers."""

import json
from pathlib import Path

import pytest

from mmhps.studies.timing import Row


@pytest.mark.parametrize(
    ("ratio", "agree", "status"), [(2.0, True, 0), (0.5, True, 1), (2.0, False, 1)]
)
def test_status_and_last_line(command, monkeypatch, capsys, ratio, agree, status):
    rows = [Row("x", 1.0, ratio, ratio, 1.0)]
    monkeypatch.setitem(command.BENCHMARKS, "fusion", lambda repeats: (rows[:repeats], agree))
    with pytest.raises(SystemExit) as stopped:
        command.main(["fusion", "--repeats", "1"])
    assert stopped.value.code == status
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [row["case"] for row in last["rows"]] == ["x"] and last["ok"] == (status == 0)


def test_runs_are_processes_of_their_own(command, monkeypatch, capsys, tmp_path):
    ratios = iter([2.0, 0.5])

    def run(call, check):
        assert call[2:5] == ["fusion", "--repeats", "1"]
        rows = [dict(case="x", ours_ms=1.0, peer_ms=1.0, ratio=next(ratios), target=1.0)]
        Path(call[-1]).write_text(json.dumps(dict(rows=rows, ok=rows[0]["ratio"] > 1)))

    monkeypatch.setattr(command.subprocess, "run", run)
    out = tmp_path / "x.json"
    with pytest.raises(SystemExit) as stopped:
        command.main(["fusion", "--repeats", "1", "--runs", "2", "--out", str(out)])
    assert stopped.value.code == 1
    stored = json.loads(out.read_text())
    assert stored["runs"] == 2 and stored["rows"][0]["lowest"] == 0.5


def test_a_run_that_stores_nothing_is_an_error(command, monkeypatch):
    monkeypatch.setattr(command.subprocess, "run", lambda call, check: None)
    with pytest.raises(ChildProcessError, match="fusion: a run stored no result"):
        command.main(["fusion", "--runs", "2"])
