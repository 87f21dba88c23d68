"""The benchmark of whole networks compares with MMDetection's own, on the same input."""

import pytest
from mmdet.registry import MODELS

from mmhps.compat.mmcv_ops import has_compiled_operators
from mmhps.studies.benchmarks import networks


def test_peer_is_mmdetections_and_shares_the_rest():
    peer, ours = networks.peer_config(), networks.configure("panoptic-fpn")
    assert peer.semantic_head.type == "PanopticFPNHead"
    assert peer.panoptic_fusion_head.type == "HeuristicFusionHead"
    assert peer.roi_head.type == "StandardRoIHead"
    for part in ("backbone", "neck", "rpn_head", "train_cfg", "test_cfg"):
        assert peer[part] == ours[part]
    for name in ("bbox_roi_extractor", "mask_roi_extractor"):
        assert peer.roi_head[name].type == "SingleRoIExtractor"
        peer.roi_head[name].type = ours.roi_head[name].type
    assert peer.roi_head == ours.roi_head == networks.peer_config(our_roi_align=True).roi_head


def test_batch_has_the_instances():
    batch = networks.make_batch(64, 32, 2)
    assert [tuple(image.shape) for image in batch["inputs"]] == [(3, 32, 64)] * 2
    for sample in batch["data_samples"]:
        assert len(sample.gt_instances) == networks.INSTANCES
        assert sample.gt_panoptic_seg.sem_seg.shape == (1, 32, 64)


def test_the_branch_is_that_of_hps_isi():
    """It has all weights of that branch but those for the channels of the initial segmentation."""
    ours = networks.configure("hps-isi")
    _, system, settings, _ = networks.BRANCH
    other = networks.configure(system)
    other.semantic_head.update(settings["semantic_head"])
    heads = [MODELS.build(model.semantic_head).state_dict() for model in (ours, other)]
    shapes = [{name: value.shape for name, value in head.items()} for head in heads]
    assert shapes[0].keys() == shapes[1].keys()
    (different,) = (name for name in shapes[0] if shapes[0][name] != shapes[1][name])
    added = shapes[0][different][1] - shapes[1][different][1]
    assert added == ours.semantic_head.num_things_classes


@pytest.mark.slow
@pytest.mark.parametrize("task", ["inference", "train"])
def test_runs_on_a_small_image(monkeypatch, task):
    monkeypatch.setitem(networks.SIZES, task, (128, 64, 1))
    rows, _ = networks.run(task, repeats=1)
    cases = [row.case for row in rows]
    for system in ("HPS", "HPS + ISI"):
        assert f"{system}, {task}{networks.PEER}" in cases
        assert (f"{system}, {task}" in cases) == has_compiled_operators()
    branch = f"{networks.BRANCH[0]}, {task}"
    assert f"{branch}{networks.PEER}" in cases and branch not in cases
    # With our operators in the peer, there is a figure, but no target.
    free = [row.case for row in rows if row.target is None]
    assert free and all(case.endswith(networks.PEER) for case in free)
