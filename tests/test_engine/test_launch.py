"""What a run reports."""

from types import SimpleNamespace

from mmhps.engine import launch


def test_report_leaves_out_what_there_is_not(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    runner = SimpleNamespace(logger=SimpleNamespace(log_file=str(tmp_path / "run" / "log")))
    launch.report(runner, checkpoint=str(tmp_path / "a.pth"), best=None)
    assert capsys.readouterr().out == "checkpoint: a.pth\nlog: run/log\n"
