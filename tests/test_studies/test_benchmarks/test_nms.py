"""The benchmark of NMS compares the same boxes, and refuses to run without a peer."""

import pytest

from mmhps import register_all_modules
from mmhps.compat import mmcv_ops
from mmhps.studies.benchmarks import nms


def test_inputs_of_a_network():
    register_all_modules()
    inputs = nms.network_inputs((64, 64))
    # Three anchors in each cell of five levels, of 16 to 1 cells along each side.
    anchors = 3 * (256 + 64 + 16 + 4 + 1)
    for name in ("proposals in testing", "proposals in training"):
        boxes, scores, threshold = inputs[name]
        assert boxes.shape == (anchors, 4) and scores.shape == (anchors,) and threshold == 0.7
    boxes, _, threshold = inputs["all classes"]
    assert len(boxes) % 8 == 0 and threshold == 0.5


def test_peer_is_needed(monkeypatch):
    monkeypatch.setattr(mmcv_ops, "_compiled", {})
    monkeypatch.setattr(nms, "network_inputs", lambda size: {})
    with pytest.raises(RuntimeError, match="without compiled operators.*make env MMCV=compiled"):
        nms.run(repeats=1)


@pytest.mark.slow
@pytest.mark.skipif(
    not mmcv_ops.has_compiled_operators(), reason="mmcv is installed without compiled operators"
)
def test_both_keep_the_same(monkeypatch):
    register_all_modules()
    monkeypatch.setattr(nms, "SIZE", (128, 64))
    rows, agree = nms.run(repeats=1)
    assert len(rows) == 5 and agree
