"""The whole config is printed and written, with the changes."""

from pathlib import Path

import pytest
from mmengine.config import Config

MINI = str(Path(__file__).parents[3] / "configs/mini/hps_r18_mini.py")


def test_inherited_and_changed(command, tmp_path, capsys):
    out = tmp_path / "new" / "whole.py"
    command.main([MINI, "--cfg-options", "train_cfg.max_iters=7", "--out", str(out)])
    printed = capsys.readouterr().out
    assert "_base_ =" not in printed
    assert "default_scope = 'mmdet'" in printed  # comes from a base
    expected = Config.fromfile(MINI)
    expected.train_cfg.max_iters = 7
    written = Config.fromfile(out)
    assert written.to_dict() == expected.to_dict()
    assert Config.fromstring(printed, ".py").to_dict() == expected.to_dict()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["no.py"], "there is no config no.py"), ([MINI, "--out", "a.txt"], "--out must end in .py")],
)
def test_wrong_arguments(command, arguments, message, capsys):
    with pytest.raises(SystemExit):
        command.main(arguments)
    assert message in capsys.readouterr().err
