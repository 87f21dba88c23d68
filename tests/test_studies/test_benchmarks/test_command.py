import sys
from pathlib import Path

import pytest

from mmhps.studies.benchmarks import command

WRITE = """
import sys, numpy as np
from pathlib import Path
from PIL import Image
photo, out = Path(sys.argv[1]), Path(sys.argv[3], "panoptic")
out.mkdir(parents=True, exist_ok=True)
width, height = Image.open(photo).size
Image.fromarray(np.full((height, width, 3), VALUE, np.uint8)).save(out / photo.name)
"""


def fake(tmp_path, name, value):
    """A command that writes a map of one value."""
    path = tmp_path / f"{name}.py"
    path.write_text(WRITE.replace("VALUE", str(value)))
    return [sys.executable, str(path)]


@pytest.mark.parametrize("other", [1, 2])
def test_rows_and_agreement(monkeypatch, tmp_path, other):
    commands = dict(ours=fake(tmp_path, "ours", 1), peer=fake(tmp_path, "peer", other))
    monkeypatch.setattr(command, "COMMANDS", commands)
    monkeypatch.setattr(command, "SIZES", ((30, 20),))
    (time, memory), agree = command.run(repeats=1)
    assert agree == (other == 1)
    assert time.case == "30x20" and time.ours_ms > 0
    assert memory.case == "memory (MiB), 30x20" and 5 < memory.ours_ms < 500


def test_a_failure_shows_what_the_command_said(tmp_path):
    call = [sys.executable, "-c", "raise SystemExit('no such weights')"]
    with pytest.raises(ChildProcessError, match="no such weights"):
        command.run_command(call, Path("photo.png"), tmp_path)


@pytest.mark.slow
def test_the_commands_agree_on_a_street(monkeypatch):
    monkeypatch.setattr(command, "SIZES", ((320, 96),))
    rows, agree = command.run(repeats=1)
    assert agree and len(rows) == 2
