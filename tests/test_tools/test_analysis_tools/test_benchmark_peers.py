"""The command that times us against peers."""

import json

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
