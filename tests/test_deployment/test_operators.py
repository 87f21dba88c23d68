"""The operators in torch, and what stands for them in a graph."""

import numpy as np
import pytest
import torch

from mmhps.deployment import operators

REASON = "needs the extra deploy"


def claims(number, seed=0):
    """Pixels of 40, whether they are in a mask, and where those of each instance begin."""
    rng = np.random.default_rng(seed)
    parts = [np.sort(rng.choice(40, rng.integers(0, 20), replace=False)) for _ in range(number)]
    pixel = torch.from_numpy(np.concatenate([*parts, np.zeros(0)]).astype(np.int64))
    start = torch.tensor([0, *np.cumsum([len(part) for part in parts])], dtype=torch.long)
    return pixel, torch.from_numpy(rng.random(len(pixel)) < 0.7), start


def run(name, *inputs, outputs=1):
    """Run a rule as the graph has it."""
    onnx = pytest.importorskip("onnx", reason=REASON)
    inliner = pytest.importorskip("onnx.inliner", reason=REASON)
    runtime = pytest.importorskip("onnxruntime", reason=REASON)
    pytest.importorskip("onnxscript", reason=REASON)
    from mmhps.deployment.rules import OPSET, functions

    arrays = [np.asarray(value) for value in inputs]
    names = [f"input{i}" for i in range(len(arrays))]
    types = [onnx.helper.np_dtype_to_tensor_dtype(array.dtype) for array in arrays]
    results = [f"output{i}" for i in range(outputs)]
    node = onnx.helper.make_node(name, names, results, domain=operators.RULES)
    graph = onnx.helper.make_graph(
        [node],
        "rule",
        [
            onnx.helper.make_tensor_value_info(name, kind, array.shape)
            for name, kind, array in zip(names, types, arrays, strict=True)
        ],
        [onnx.helper.make_empty_tensor_value_info(name) for name in results],
    )
    opsets = [
        onnx.helper.make_opsetid("", OPSET),
        onnx.helper.make_opsetid(operators.RULES, 1),
    ]
    model = onnx.helper.make_model(graph, opset_imports=opsets, functions=functions(), ir_version=9)
    model = inliner.inline_local_functions(model)
    session = runtime.InferenceSession(model.SerializeToString())
    found = session.run(None, dict(zip(names, arrays, strict=True)))
    return found if outputs > 1 else found[0]


def test_bincount_has_a_number_for_each_value():
    index = torch.tensor([3, 1, 3])
    assert operators.bincount(index, torch.tensor([5])).tolist() == [0, 1, 0, 2, 0]
    nothing = torch.zeros(0, dtype=torch.long)
    assert operators.bincount(nothing, torch.tensor([2])).tolist() == [0, 0]


@pytest.mark.parametrize("same", [False, True])
def test_picked_rows_and_columns(same):
    values = torch.tensor([[1, 2, 3], [4, 5, 6]], dtype=torch.int32)
    rows, columns = ([0, 1], [0, 1, 2]) if same else ([1, 1, 0], [2, 0])
    inputs = values, torch.tensor(rows), torch.tensor(columns), torch.tensor(same)
    expected = values.tolist() if same else [[6, 4], [6, 4], [3, 1]]
    assert operators.picked(*inputs).tolist() == expected
    assert run("picked", *inputs).tolist() == expected


@pytest.mark.parametrize("block", [1, 2, 5, 9])
def test_labelled_by_hand(block):
    # Rows 0, 1/2, 1 of two classes: the second grows from 0 to 2, the first is 1 throughout.
    values = torch.tensor([[[1.0], [1.0]], [[0.0], [2.0]]])
    rows = torch.tensor([[1.0, 0.0], [0.75, 0.25], [0.5, 0.5], [0.25, 0.75], [0.0, 1.0]])
    inputs = values, rows, torch.zeros(5, dtype=torch.long), torch.tensor([block])
    assert operators.labelled(*inputs).tolist() == [0, 0, 0, 1, 1]  # of equal ones the first
    assert run("labelled", *inputs).tolist() == [0, 0, 0, 1, 1]


def test_pasted_by_hand():
    # A mask of 2x2 cells in a window of two rows and three columns, and one without a window.
    masks = torch.tensor([[[0.0, 4.0], [8.0, 12.0]], [[1.0, 1.0], [1.0, 1.0]]])
    y = torch.tensor([[0.0, 0.0, 0.5], [0.0, 0.0, 0.0]])
    x = torch.tensor([[0.0, 0.25, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    windows = torch.tensor([[1, 0, 3, 3], [2, 1, 2, 3]])
    inputs = masks, y, x, windows, torch.tensor(4)
    for value, pixel, owner in (operators.pasted(*inputs), run("pasted", *inputs, outputs=3)):
        assert value.tolist() == [0, 1, 4, 4, 5, 8]
        assert pixel.tolist() == [4, 5, 6, 8, 9, 10]
        assert owner.tolist() == [0] * 6


def test_no_mask_to_paste():
    windows = torch.zeros(0, 4, dtype=torch.long)
    inputs = torch.zeros(0, 2, 2), torch.zeros(0, 3), torch.zeros(0, 4), windows, torch.tensor(4)
    for found in (operators.pasted(*inputs), run("pasted", *inputs, outputs=3)):
        assert [part.tolist() for part in found] == [[], [], []]


@pytest.mark.parametrize("alone", [[], [True, True], [True, False], [False, False]])
def test_parted(alone):
    alone = torch.tensor(alone, dtype=torch.bool)
    owner = torch.tensor([0, 0, 1, 1, 1][: 5 if len(alone) else 0], dtype=torch.long)
    inputs = owner + 7, owner, owner + 0.5, alone
    expected = [owner[alone[owner]].tolist(), owner[~alone[owner]].tolist()]
    for found in (operators.parted(*inputs), run("parted", *inputs, outputs=6)):
        for (pixel, here, value), owners in zip((found[:3], found[3:]), expected, strict=True):
            assert [number - 7 for number in pixel.tolist()] == here.tolist() == owners
            assert [number - 0.5 for number in value.tolist()] == owners


def windows_and_masks(number, seed=0):
    """Whether pixels of windows in 8x9 are in masks, where those of each begin, the windows."""
    g = torch.Generator().manual_seed(seed)
    low = torch.randint(0, 4, (number, 2), generator=g)
    high = low + torch.randint(0, 6, (number, 2), generator=g)
    sizes = (high - low).prod(dim=1)
    inside = torch.rand(int(sizes.sum()), generator=g) < 0.7
    return inside, torch.cat([sizes.new_zeros(1), sizes.cumsum(0)]), torch.cat([low, high], dim=1)


def test_pair_overlaps_by_hand():
    # Masks {0, 1, 2}, {1, 2} in a window up to 3, {5} of one row; the last is in the row below.
    windows = torch.tensor([[0, 0, 1, 3], [0, 1, 1, 4], [0, 5, 1, 6], [1, 0, 2, 3]])
    inside = torch.tensor([True, True, True, True, True, False, True, True, True, True])
    start, pairs = torch.tensor([0, 3, 6, 7, 10]), torch.tensor([[1, 0], [2, 0], [2, 1], [3, 0]])
    inputs = inside, start, windows, pairs
    assert operators.pair_overlaps(*inputs).tolist() == [2, 0, 0, 0]
    assert run("pair_overlaps", *inputs).tolist() == [2, 0, 0, 0]


def test_no_pairs():
    inputs = *windows_and_masks(3), torch.zeros(0, 2, dtype=torch.long)
    assert operators.pair_overlaps(*inputs).tolist() == []
    assert run("pair_overlaps", *inputs).tolist() == []


def test_group_leaders_by_hand():
    # 1 may merge with 0, 2 with 1 alone, which does not lead, 3 with 2 and 0, of which 0 is first.
    merge = torch.zeros(4, 4, dtype=torch.bool)
    for n, k in ((1, 0), (2, 1), (3, 2), (3, 0)):
        merge[n, k] = True
    assert operators.group_leaders(merge).tolist() == [0, 0, 2, 0]
    assert run("group_leaders", merge).tolist() == [0, 0, 2, 0]


def test_no_instance_leads():
    nothing = torch.zeros(0, 0, dtype=torch.bool)
    assert operators.group_leaders(nothing).tolist() == []
    assert run("group_leaders", nothing).tolist() == []


@pytest.mark.parametrize("number", [0, 1, 9])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_visible_in_the_graph(number, share):
    pixel, inside, start = claims(number)
    inputs = pixel, inside, start[:-1], start[1:], torch.tensor([40])
    expected = operators.visible(*inputs, share)
    found = run("visible", *inputs, np.float64(share))
    assert found.tolist() == expected.tolist()
    if number == 9:
        assert 0 < expected.sum() < 9 or share == 1.0


@pytest.mark.parametrize("seed", range(3))
def test_random_rules_in_the_graph(seed):
    inside, start, windows = windows_and_masks(10, seed)
    pairs = torch.tensor([(n, k) for n in range(10) for k in range(n)])
    expected = operators.pair_overlaps(inside, start, windows, pairs)
    maps = torch.zeros(10, 8, 9, dtype=torch.bool)
    for n, (top, left, bottom, right) in enumerate(windows.tolist()):
        part = inside[start[n] : start[n + 1]].view(bottom - top, right - left)
        maps[n, top:bottom, left:right] = part
    common = [int((maps[n] & maps[k]).sum()) for n, k in pairs.tolist()]
    assert expected.tolist() == common
    assert run("pair_overlaps", inside, start, windows, pairs).tolist() == common
    merge = torch.zeros(10, 10, dtype=torch.bool)
    merge[tuple(pairs.T)] = expected > 1
    leaders = operators.group_leaders(merge)
    assert run("group_leaders", merge).tolist() == leaders.tolist()
    assert 1 < len(leaders.unique()) < 10
