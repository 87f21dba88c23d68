"""The benchmark of the fusion compares what it says, and notices a wrong result."""

import pytest
import torch

from mmhps.studies.benchmarks import fusion


@pytest.mark.parametrize("count", [0, 12])
def test_both_fuse_the_same_scene(count):
    scene = fusion.make_scene(128, 64, count)
    ours, peer = fusion.Ours()(scene), fusion.Peer()(scene)
    assert ours.shape == peer.shape == (64, 128)
    # Two fusions of one scene: most pixels have one label.
    labels = [torch.where(ids >= 1000, ids % 1000, ids) for ids in (ours, peer)]
    assert (labels[0] == labels[1]).float().mean() > 0.7


def test_fast_arg_max_is_checked_against_the_dense_one(monkeypatch):
    scene = fusion.make_scene(128, 64, 12)
    assert fusion.equals_reference(scene)
    fast = fusion.fused_argmax
    monkeypatch.setattr(fusion, "fused_argmax", lambda *args: fast(*args).flip(1))
    assert not fusion.equals_reference(scene)


def test_every_case_has_its_rows(monkeypatch):
    monkeypatch.setattr(fusion, "SIZES", {(128, 64): 5.0})
    rows, agree = fusion.run(repeats=1, instances=[3])
    assert agree
    assert rows[0].case == "128x64, 3 instances"
    assert all(row.case == "memory (MiB), 128x64, 3 instances" for row in rows[1:])
