"""The check of a device, run on the CPU."""

import json

import pytest
import torch

from mmhps.studies import device_check


@pytest.fixture(scope="module")
def command(load_tool):
    return load_tool("misc/check_device.py")


def test_no_gpu(command, monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit):
        command.main([])
    assert "--device cuda: torch" in capsys.readouterr().err


def test_operators():
    found = dict(device_check.check_operators("cpu", count=50))
    assert len(found) == 8 and all(found.values())


def test_operator_that_differs(monkeypatch):
    monkeypatch.setattr(device_check.mmcv.ops, "nms", lambda boxes, *rest: (boxes, rest[0].long()))
    found = dict(device_check.check_operators("cpu", count=50))
    wrong = [name for name, equal in found.items() if not equal]
    assert wrong == ["mmcv's NMS, offset 0", "mmcv's NMS, offset 1"]


@pytest.mark.slow
def test_all_of_it_at_a_small_size(command, monkeypatch, tmp_path, capsys):
    from mmhps.studies.benchmarks import networks

    for task in networks.SIZES:
        monkeypatch.setitem(networks.SIZES, task, (128, 64, 1))
        monkeypatch.setitem(networks.CASES, task, networks.CASES[task][:1])
    out = tmp_path / "device.json"
    arguments = "--device cpu --size 128 64 --steps 2 --repeats 1 --config mini/hps-isi_r18_mini.py"
    with pytest.raises(SystemExit) as stopped:
        command.main([*arguments.split(), "--out", str(out)])
    assert stopped.value.code == 0
    found = json.loads(out.read_text())
    assert found["device"] == "cpu" and all(found["operators"].values())
    for name in ("float32", "mixed precision"):
        assert found[name]["last_loss"] < 2 * found[name]["first_loss"]
        assert found[name]["segments"] >= 1
    assert {"HPS, train, peer with our operators"} <= {row["case"] for row in found["train"]}
    assert "NMS, offset 0: equal" in capsys.readouterr().out
