"""The command that compares gradients: its errors in one line."""

from pathlib import Path

import pytest

CONFIG = str(Path(__file__).parents[3] / "configs/mini/hps_r18_mini.py")


def test_missing_checkpoint(command):
    with pytest.raises(SystemExit, match=r"error: none\.pth: checkpoint not found"):
        command.main([CONFIG, "none.pth", "--device", "cpu"])


def test_no_batches(command, capsys):
    with pytest.raises(SystemExit):
        command.main([CONFIG, "none.pth", "--batches", "0"])
    assert "--batches must be at least 1, got 0" in capsys.readouterr().err
