"""What a benchmark reports; never how fast anything is."""

import json

from mmhps.studies.timing import (
    Row,
    compare,
    compare_memory,
    finish,
    joined,
    peak_memory,
    report,
)


def test_both_run_by_turns_and_the_first_turn_does_not_count():
    calls = []
    row = compare("a", lambda: calls.append("ours"), lambda: calls.append("peer"), 2.0, repeats=3)
    assert calls == ["ours", "peer"] * 4
    assert row.case == "a" and row.target == 2.0
    assert row.ours_ms >= 0 and row.ratio >= 0


def test_report_ends_with_one_json_object(capsys, tmp_path):
    rows = [Row("x", 2.0, 10.0, 5.0, 5.0), Row("y", 2.0, 3.0, 1.5, 2.0)]
    assert not finish(rows)
    lines = capsys.readouterr().out.splitlines()
    assert "reached" in lines[2] and "missed" in lines[3]
    last = json.loads(lines[-1])
    assert last == dict(
        rows=[
            dict(case="x", ours_ms=2.0, peer_ms=10.0, ratio=5.0, target=5.0),
            dict(case="y", ours_ms=2.0, peer_ms=3.0, ratio=1.5, target=2.0),
        ],
        ok=False,
    )
    assert finish([Row("z", 2.0, 1.0, 0.5, None)]), "a figure without a target"
    assert "missed" not in capsys.readouterr().out
    out = tmp_path / "new" / "x.json"
    assert finish(rows[:1], out=out)
    stored = json.loads(out.read_text())
    assert stored["ok"] and stored["rows"] == last["rows"][:1]
    assert stored["about"].keys() >= {"date", "threads", "torch"}
    assert not finish(rows[:1], agree=False), "fast and wrong is not ok"


def test_several_runs_have_medians_and_the_lowest_ratio(capsys):
    def run(ours, ratio, ok):
        row = dict(case="x", ours_ms=ours, peer_ms=9.0, ratio=ratio, target=4.0)
        return dict(rows=[row], ok=ok, about=dict(date="2026-11-28"))

    result = joined([run(1.0, 9.0, True), run(3.0, 3.0, False), run(2.0, 4.5, True)])
    row = dict(case="x", ours_ms=2.0, peer_ms=9.0, ratio=4.5, target=4.0, lowest=3.0)
    assert result == dict(rows=[row], runs=3, ok=False)
    assert not report(result)
    header, _, line, *_ = capsys.readouterr().out.splitlines()
    assert "lowest of 3" in header
    assert [cell.strip() for cell in line.split("|")[4:7]] == ["4.50", "3.00", "4.00"]
    assert "missed" in line, "the median alone would reach the target"


def test_peak_memory_sees_a_block():
    # 64 MiB, written, so that they are resident.
    found = peak_memory(lambda: bytearray(b"x") * (64 << 20))
    assert found is None or 60 < found < 200


def test_memory_is_compared_where_it_is_known(monkeypatch):
    known = {"ours": 2.0, "peer": 9.0}
    monkeypatch.setattr("mmhps.studies.timing.peak_memory", lambda call: known[call()])
    (row,) = compare_memory("x", lambda: "ours", lambda: "peer", 4.0)
    assert row == Row("memory (MiB), x", 2.0, 9.0, 4.5, 4.0)
    known["peer"] = None
    assert compare_memory("x", lambda: "ours", lambda: "peer", 4.0) == []
