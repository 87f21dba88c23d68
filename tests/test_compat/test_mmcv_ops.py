"""mmcv's operators, with and without its compiled module."""

import subprocess
import sys
from types import SimpleNamespace

import mmcv._ext
import mmcv.ops
import numpy as np
import pytest
import torch
from generated import random_boxes
from mmdet.structures.mask import BitmapMasks

from mmhps.apis import PanopticInferencer
from mmhps.compat import mmcv_ops
from mmhps.compat.mmcv_ops import compiled_operators, has_compiled_operators, provide_mmcv_ops
from mmhps.ops import greedy_nms, roi_align
from mmhps.street_scenes import draw_scene

compiled = pytest.mark.skipif(
    not has_compiled_operators(), reason="mmcv is installed without compiled operators"
)
# A process in which importing mmcv's compiled module raises ``error``.
WITHOUT = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name == "mmcv._ext":
            raise {error}
sys.meta_path.insert(0, Blocker())
import mmhps
mmhps.register_all_modules()
{code}
"""
MISSING = "ModuleNotFoundError('none', name=name)"


def run_without(code, error=MISSING):
    """What a process without the compiled module prints, and its warnings."""
    command = [sys.executable, "-c", WITHOUT.format(error=error, code=code)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout, run.stderr


def test_without_compiled_operators():
    code = """
import torch, mmcv.ops
from mmhps.compat.mmcv_ops import has_compiled_operators
boxes = torch.tensor([[0., 0, 10, 10], [0, 0, 10, 9], [20, 0, 30, 9]])
print(has_compiled_operators(), mmcv.ops.nms(boxes, torch.tensor([.5, .6, .4]), 0.5)[1].tolist())
labels = torch.tensor([0, 1, 1])
print(mmcv.ops.batched_nms(boxes, torch.ones(3), labels, dict(iou_threshold=0.5))[1].tolist())
x = torch.ones(1, 1, 4, 4, requires_grad=True)
pooled = mmcv.ops.RoIAlign(2)(x, torch.tensor([[0., 0, 0, 4, 4]]))
pooled.sum().backward()
print(pooled.flatten().tolist(), x.grad.sum().item())
print(mmcv.ops.get_compiler_version(), mmcv.ops.get_compiling_cuda_version())
try:
    mmcv.ops.nms_match(torch.rand(3, 5), 0.5)
except NotImplementedError as error:
    print(error)
"""
    printed, warned = run_without(code)
    assert warned == ""
    lines = printed.splitlines()
    assert lines[:4] == [
        "False [1, 2]",
        "[0, 1, 2]",
        "[1.0, 1.0, 1.0, 1.0] 4.0",
        "not available not available",
    ]
    assert lines[4].startswith("mmcv's operator nms_match exists in compiled form only")
    assert "make env MMCV=compiled" in lines[4] and "onedl-mmcv" in lines[-1]


@pytest.mark.slow
def test_compiled_for_another_torch():
    code = "import torch, mmcv.ops; print(len(mmcv.ops.nms(torch.rand(1, 4), torch.rand(1), 0.5)))"
    printed, warned = run_without(code, "ImportError('undefined symbol: x')")
    assert printed == "2\n"
    assert "RuntimeWarning: mmcv's compiled operators do not load (undefined symbol: x)" in warned
    assert "make env MMCV=compiled" in warned


def test_a_second_call_changes_nothing():
    before = dict(vars(mmcv._ext))
    provide_mmcv_ops()
    assert vars(mmcv._ext) == before


def test_operators_take_bfloat16():
    boxes = torch.tensor([[0, 0, 10, 10], [0, 0, 10, 9]], dtype=torch.bfloat16)
    assert mmcv.ops.nms(boxes, torch.ones(2, dtype=torch.bfloat16), 0.95)[1].tolist() == [0, 1]


@pytest.mark.parametrize("aligned", [True, False])
def test_roi_align_passes_on_its_options(aligned):
    x = torch.arange(16.0).view(1, 1, 4, 4).requires_grad_()
    rois = torch.tensor([[0, 0.0, 0, 8, 4]])
    pooled = mmcv.ops.RoIAlign((1, 2), 0.5, 1, aligned=aligned)(x, rois)
    # The samples are at row 1 and columns 1 and 3 from the corner of the map, whose first cell has
    # its middle at 0.5, or at 0 without the correction.
    expected = [(0.5, 0.5), (0.5, 2.5)] if aligned else [(1, 1), (1, 3)]
    assert pooled.flatten().tolist() == [4 * row + column for row, column in expected]
    pooled[..., 1].sum().backward()
    assert x.grad.sum() == 1
    assert (x.grad > 0).sum() == (4 if aligned else 1)


def test_maxima_need_the_compiled_operator():
    layer = mmcv.ops.RoIAlign(1, pool_mode="max", sampling_ratio=1)
    x, rois = torch.ones(1, 1, 4, 4), torch.tensor([[0, 0.0, 0, 4, 4]])
    if has_compiled_operators():
        assert layer(x, rois).item() == 1
    else:
        with pytest.raises(NotImplementedError, match="roi_align_of_maxima exists in compiled"):
            layer(x, rois)


def test_mask_targets_by_hand():
    masks = BitmapMasks(np.eye(4, dtype=np.uint8)[None].repeat(2, axis=0), 4, 4)
    boxes, size = torch.tensor([[0.0, 0, 4, 4], [0, 0, 2, 2]]), (2, 2)
    cropped = masks.crop_and_resize(boxes, size, torch.tensor([0, 1]), device="cpu").masks
    # Half of each bin on the diagonal is covered in the first, all or nothing in the second.
    assert cropped.tolist() == [[[1, 0], [0, 1]]] * 2


@compiled
def test_mask_targets_equal_those_of_the_compiled_operator():
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 40, (50, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(1, 24, (50, 2))], axis=1)
    boxes = torch.tensor(boxes, dtype=torch.float32)
    masks = BitmapMasks((rng.random((5, 64, 64)) < 0.5).astype(np.uint8), 64, 64)
    arguments = boxes, (28, 28), torch.arange(50) % 5
    ours = masks.crop_and_resize(*arguments, device="cpu").masks
    with compiled_operators():
        theirs = masks.crop_and_resize(*arguments, device="cpu").masks
    # They differ where a value is within rounding of the 0.5 at which it is cut.
    assert ours.shape == (50, 28, 28) and (ours != theirs).mean() < 1e-3


@compiled
def test_compiled_operators_are_given_back_for_a_while():
    ours = mmcv._ext.nms
    with pytest.raises(KeyError), compiled_operators():
        assert mmcv._ext.nms is not ours
        raise KeyError
    assert mmcv._ext.nms is ours


def test_compiled_operators_where_there_are_none(monkeypatch):
    monkeypatch.setattr(mmcv_ops, "_compiled", {})
    with pytest.raises(RuntimeError, match="without compiled operators.*MMCV=compiled"):
        with compiled_operators():
            pass


@pytest.fixture
def torchvision(monkeypatch):
    """Stand-ins for torchvision's operators, used on the CPU, which record their arguments."""
    calls = SimpleNamespace(nms=[], roi_align=[])

    def nms(boxes, scores, iou_threshold):
        calls.nms.append((boxes, scores, iou_threshold))
        return greedy_nms(boxes, scores, iou_threshold)

    def pool(input, boxes, output_size, spatial_scale, sampling_ratio, aligned):
        calls.roi_align.append((output_size, spatial_scale, sampling_ratio, aligned))
        ratio = max(sampling_ratio, 0)
        return roi_align(input, boxes, output_size, spatial_scale, ratio, aligned)

    module = SimpleNamespace(nms=nms, roi_align=pool)
    monkeypatch.setattr(mmcv_ops, "_torchvision_for", lambda tensor: module)
    return calls


def test_torchvision_decides_ties_as_mmcv_does(torchvision):
    boxes, scores = random_boxes(0, kind="ties")
    expected = greedy_nms(boxes, scores, 0.3)
    assert torch.equal(mmcv.ops.nms(boxes, scores, 0.3)[1], expected)
    ((_, ranks, threshold),) = torchvision.nms
    assert ranks.tolist() == list(range(60, 0, -1))
    assert threshold == float(np.float32(0.3)) != 0.3


def test_torchvision_knows_no_offset(torchvision):
    boxes, scores = random_boxes(0)
    kept = mmcv.ops.nms(boxes, scores, 0.5, offset=1)[1]
    assert torch.equal(kept, greedy_nms(boxes, scores, 0.5, offset=1)) and not torchvision.nms


def test_torchvision_pools_with_gradients(torchvision):
    x = torch.ones(1, 1, 4, 4, requires_grad=True)
    pooled = mmcv.ops.RoIAlign(2, 0.5)(x, torch.tensor([[0.0, 0, 0, 8, 8]]))
    pooled.sum().backward()
    assert pooled.flatten().tolist() == [1, 1, 1, 1] and x.grad.sum() == 4
    assert torchvision.roi_align == [((2, 2), 0.5, -1, True)] * 2  # forwards and backwards


def test_torchvision_of_another_build_counts_as_missing(monkeypatch):
    def broken(name):
        raise RuntimeError(f"operator {name}::nms does not exist")

    monkeypatch.setattr(mmcv_ops.importlib, "import_module", broken)
    assert mmcv_ops._torchvision_ops.__wrapped__() is None


@compiled
def test_shipped_model_predicts_the_same_with_compiled_operators():
    pictures = [draw_scene(0, "val", number, (256, 128))[0][..., ::-1] for number in range(3)]
    inferencer = PanopticInferencer(device="cpu")
    ours = inferencer(pictures)["predictions"]
    with compiled_operators():
        theirs = inferencer(pictures)["predictions"]
    assert sum(len(prediction.segments) for prediction in ours) > 10
    for mine, other in zip(ours, theirs, strict=True):
        assert (mine.ids == other.ids).all() and mine.segments == other.segments
