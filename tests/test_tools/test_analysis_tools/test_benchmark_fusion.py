"""The benchmark of the fusion compares what it says, and notices a wrong result."""

import json

import pytest
import torch


@pytest.fixture(scope="module")
def command(load_tool):
    return load_tool("analysis_tools/benchmark_fusion.py")


@pytest.mark.parametrize("count", [0, 12])
def test_both_fuse_the_same_scene(command, count):
    scene = command.make_scene(128, 64, count)
    ours, peer = command.Ours()(scene), command.Peer()(scene)
    assert ours.shape == peer.shape == (64, 128)
    # Two fusions of one scene: most pixels have one label.
    labels = [torch.where(ids >= 1000, ids % 1000, ids) for ids in (ours, peer)]
    assert (labels[0] == labels[1]).float().mean() > 0.7


def test_fast_arg_max_is_checked_against_the_dense_one(command, monkeypatch):
    scene = command.make_scene(128, 64, 12)
    assert command.equals_reference(scene)
    fast = command.fused_argmax
    monkeypatch.setattr(command, "fused_argmax", lambda *args: fast(*args).flip(1))
    assert not command.equals_reference(scene)


def test_last_line_is_json(command, monkeypatch, capsys):
    monkeypatch.setattr(command, "SIZES", {(128, 64): 5.0})
    command.run([3], repeats=1)
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["rows"][0]["case"] == "128x64, 3 instances"
    assert isinstance(last["ok"], bool)
