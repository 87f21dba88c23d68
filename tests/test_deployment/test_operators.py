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


def run(name, *inputs, **options):
    """Run a rule as the graph has it."""
    onnx = pytest.importorskip("onnx", reason=REASON)
    inliner = pytest.importorskip("onnx.inliner", reason=REASON)
    runtime = pytest.importorskip("onnxruntime", reason=REASON)
    pytest.importorskip("onnxscript", reason=REASON)
    from mmhps.deployment.rules import OPSET, functions

    arrays = [np.asarray(value) for value in inputs]
    names = [f"input{i}" for i in range(len(arrays))]
    types = [onnx.helper.np_dtype_to_tensor_dtype(array.dtype) for array in arrays]
    node = onnx.helper.make_node(name, names, ["output"], domain=operators.RULES)
    graph = onnx.helper.make_graph(
        [node],
        "rule",
        [
            onnx.helper.make_tensor_value_info(name, kind, array.shape)
            for name, kind, array in zip(names, types, arrays, strict=True)
        ],
        [onnx.helper.make_empty_tensor_value_info("output")],
    )
    opsets = [
        onnx.helper.make_opsetid("", OPSET),
        onnx.helper.make_opsetid(operators.RULES, 1),
    ]
    model = onnx.helper.make_model(graph, opset_imports=opsets, functions=functions(), ir_version=9)
    model = inliner.inline_local_functions(model)
    session = runtime.InferenceSession(model.SerializeToString())
    return session.run(None, dict(zip(names, arrays, strict=True)))[0]


def test_bincount_has_a_number_for_each_value():
    index = torch.tensor([3, 1, 3])
    assert operators.bincount(index, torch.tensor([5])).tolist() == [0, 1, 0, 2, 0]
    nothing = torch.zeros(0, dtype=torch.long)
    assert operators.bincount(nothing, torch.tensor([2])).tolist() == [0, 0]


@pytest.mark.parametrize("same", [False, True])
def test_picked_rows_and_columns(same):
    values = torch.tensor([[1, 2, 3], [4, 5, 6]])
    rows, columns = ([0, 1], [0, 1, 2]) if same else ([1, 1, 0], [2, 0])
    inputs = values, torch.tensor(rows), torch.tensor(columns), torch.tensor(same)
    expected = values.tolist() if same else [[6, 4], [6, 4], [3, 1]]
    assert operators.picked(*inputs).tolist() == expected
    assert run("picked", *inputs).tolist() == expected


def test_pair_overlaps_by_hand():
    # Masks {0, 1, 2}, {1, 2, 3} without 3, {5}.
    pixel = torch.tensor([0, 1, 2, 1, 2, 3, 5])
    inside = torch.tensor([True, True, True, True, True, False, True])
    start, pairs = torch.tensor([0, 3, 6, 7]), torch.tensor([[1, 0], [2, 0], [2, 1]])
    inputs = pixel, inside, start, pairs, torch.tensor([6])
    assert operators.pair_overlaps(*inputs).tolist() == [2, 0, 0]
    assert run("pair_overlaps", *inputs).tolist() == [2, 0, 0]


def test_no_pairs():
    pixel, inside, start = claims(3)
    inputs = pixel, inside, start, torch.zeros(0, 2, dtype=torch.long), torch.tensor([40])
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
    pixel, inside, start = claims(6, seed)
    pairs = torch.tensor([(n, k) for n in range(6) for k in range(n)])
    inputs = pixel, inside, start, pairs, torch.tensor([40])
    expected = operators.pair_overlaps(*inputs)
    assert run("pair_overlaps", *inputs).tolist() == expected.tolist()
    merge = torch.zeros(6, 6, dtype=torch.bool)
    merge[tuple(pairs.T)] = expected > 3
    leaders = operators.group_leaders(merge)
    assert run("group_leaders", merge).tolist() == leaders.tolist()
    assert 1 < len(leaders.unique()) < 6
