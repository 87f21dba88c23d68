"""The benchmark of whole networks compares with MMDetection's own, on the same input."""

import json

import pytest

from mmhps.compat.mmcv_ops import has_compiled_operators


@pytest.fixture(scope="module")
def command(load_tool):
    return load_tool("analysis_tools/benchmark_model.py")


def test_peer_is_mmdetections_and_shares_the_rest(command):
    peer, ours = command.peer_config(), command.configure("panoptic-fpn")
    assert peer.semantic_head.type == "PanopticFPNHead"
    assert peer.panoptic_fusion_head.type == "HeuristicFusionHead"
    assert peer.roi_head.type == "StandardRoIHead"
    for part in ("backbone", "neck", "rpn_head", "train_cfg", "test_cfg"):
        assert peer[part] == ours[part]
    for name in ("bbox_roi_extractor", "mask_roi_extractor"):
        assert peer.roi_head[name].type == "SingleRoIExtractor"
        peer.roi_head[name].type = ours.roi_head[name].type
    assert peer.roi_head == ours.roi_head == command.peer_config(our_roi_align=True).roi_head


def test_batch_has_the_instances(command):
    batch = command.make_batch(64, 32, 2)
    assert [tuple(image.shape) for image in batch["inputs"]] == [(3, 32, 64)] * 2
    for sample in batch["data_samples"]:
        assert len(sample.gt_instances) == command.INSTANCES
        assert sample.gt_panoptic_seg.sem_seg.shape == (1, 32, 64)


@pytest.mark.slow
@pytest.mark.parametrize("task", ["inference", "train"])
def test_runs_on_a_small_image(command, monkeypatch, capsys, task):
    monkeypatch.setitem(command.SIZES, task, (128, 64, 1))
    command.run(task, repeats=1)
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    cases = [row["case"] for row in last["rows"]]
    for system in ("HPS", "HPS + ISI"):
        assert f"{system}, {task}{command.PEER}" in cases
        assert (f"{system}, {task}" in cases) == has_compiled_operators()
    # With our operators in the peer, there is a figure, but no target.
    free = [row["case"] for row in last["rows"] if row["target"] is None]
    assert free and all(case.endswith(command.PEER) for case in free)
