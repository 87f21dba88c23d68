"""Rules and loops as graphs of standard ONNX operators: what goes on step by step.

The export puts them in place of the operators of :mod:`mmhps.deployment.operators`, which say what
they take and return. This file alone needs onnxscript.
"""

from __future__ import annotations

from onnx import FunctionProto, TensorProto
from onnxscript import opset18 as op
from onnxscript import script
from onnxscript.values import Opset

from .operators import RULES

OPSET = 18
"""The version of ONNX's operators in exported files."""

_BOOL, _INT64 = TensorProto.BOOL, TensorProto.INT64
_FLOAT, _DOUBLE = TensorProto.FLOAT, TensorProto.DOUBLE
_domain = Opset(RULES, 1)


@script(_domain, default_opset=op)
def picked(values, rows, columns, same):
    if same:
        large = op.Identity(values)
    else:
        large = op.Gather(op.Gather(values, rows, axis=0), columns, axis=1)
    return large


@script(_domain, default_opset=op)
def labelled(values, rows, before, block):
    height = op.Shape(rows, start=0, end=1)
    parts = op.SequenceConstruct(op.Expand(op.Cast(0, to=_INT64), op.Constant(value_ints=[0])))
    # As many rows at once as stay in the cache.
    for i in range(op.Squeeze((height + block - 1) / block)):
        top = op.Unsqueeze(i, 0) * block
        bottom = op.Min(top + block, height)
        low = op.Gather(before, top)
        high = op.Gather(before, bottom - 1) + 2
        weights = op.Slice(rows, op.Concat(top, low, axis=0), op.Concat(bottom, high, axis=0))
        part = op.MatMul(weights, op.Slice(values, low, high, op.Constant(value_ints=[1])))
        label = op.ArgMax(part, axis=0, keepdims=0)
        parts = op.SequenceInsert(parts, op.Reshape(label, op.Constant(value_ints=[-1])))
    return op.ConcatFromSequence(parts, axis=0)


@script(_domain, default_opset=op)
def pasted(masks, y, x, windows, width):
    none = op.Constant(value_ints=[0])
    values = op.SequenceConstruct(op.Expand(op.Cast(0, to=_FLOAT), none))
    pixels = op.SequenceConstruct(op.Expand(op.Cast(0, to=_INT64), none))
    owners = op.SequenceConstruct(op.Expand(op.Cast(0, to=_INT64), none))
    cells = op.Cast(op.Range(0, op.Squeeze(op.Shape(masks, start=2, end=3)), 1), to=_FLOAT)
    one = op.Constant(value_ints=[1])
    all_ = op.Constant(value_ints=[-1])
    for n in range(op.Squeeze(op.Shape(masks, start=0, end=1))):
        top, left, bottom, right = op.Split(op.Gather(windows, n), num_outputs=4)
        below = op.Unsqueeze(op.Slice(op.Gather(y, n), top, bottom), one) - cells
        behind = op.Unsqueeze(op.Slice(op.Gather(x, n), left, right), one) - cells
        rows = op.Relu(1.0 - op.Abs(below))
        columns = op.Relu(1.0 - op.Abs(behind))
        value = op.MatMul(op.MatMul(rows, op.Gather(masks, n)), op.Transpose(columns, perm=[1, 0]))
        lines = op.Range(op.Squeeze(top), op.Squeeze(bottom), 1) * width
        pixel = op.Unsqueeze(lines, one) + op.Range(op.Squeeze(left), op.Squeeze(right), 1)
        pixel = op.Reshape(pixel, all_)
        values = op.SequenceInsert(values, op.Reshape(value, all_))
        pixels = op.SequenceInsert(pixels, pixel)
        owners = op.SequenceInsert(owners, op.Expand(n, op.Shape(pixel)))
    value = op.ConcatFromSequence(values, axis=0)
    pixel = op.ConcatFromSequence(pixels, axis=0)
    owner = op.ConcatFromSequence(owners, axis=0)
    return value, pixel, owner


@script(_domain, default_opset=op)
def part_of_mask(inside, start, windows, n, corner, end):
    low, high = op.Split(op.Squeeze(op.Gather(windows, n), [0]), num_outputs=2)
    claims = op.Slice(inside, op.Gather(start, n), op.Gather(start, n + 1))
    mask = op.Reshape(claims, op.Max(high - low, 0), allowzero=1)
    return op.Slice(mask, corner - low, end - low)


@script(_domain, default_opset=op)
def pair_overlaps(inside, start, windows, pairs):
    number = op.Shape(pairs, start=0, end=1)
    steps = op.Range(0, op.Squeeze(number), 1)
    overlaps = op.Expand(0, number)
    for i in range(op.Squeeze(number)):
        n, k = op.Split(op.Gather(pairs, i), num_outputs=2)
        low_n, high_n = op.Split(op.Squeeze(op.Gather(windows, n), [0]), num_outputs=2)
        low_k, high_k = op.Split(op.Squeeze(op.Gather(windows, k), [0]), num_outputs=2)
        corner = op.Max(low_n, low_k)
        end = op.Max(op.Min(high_n, high_k), corner)
        first = part_of_mask(inside, start, windows, n, corner, end)
        second = part_of_mask(inside, start, windows, k, corner, end)
        common = op.ReduceSum(op.Cast(op.And(first, second), to=_INT64), keepdims=0)
        overlaps = op.Where(steps == i, common, overlaps)
    return overlaps


@script(_domain, default_opset=op)
def parted(pixel, owner, value, alone):
    others = op.ReduceSum(op.Cast(op.Not(alone), to=_INT64), keepdims=0)
    if others == 0:
        one_pixel = op.Identity(pixel)
        one_owner = op.Identity(owner)
        one_value = op.Identity(value)
        more_pixel = op.Slice(pixel, [0], [0])
        more_owner = op.Slice(owner, [0], [0])
        more_value = op.Slice(value, [0], [0])
    else:
        single = op.Gather(alone, owner)
        joint = op.Not(single)
        one_pixel = op.Compress(pixel, single)
        one_owner = op.Compress(owner, single)
        one_value = op.Compress(value, single)
        more_pixel = op.Compress(pixel, joint)
        more_owner = op.Compress(owner, joint)
        more_value = op.Compress(value, joint)
    return one_pixel, one_owner, one_value, more_pixel, more_owner, more_value


@script(_domain, default_opset=op)
def group_leaders(merge):
    number = op.Shape(merge, start=0, end=1)
    steps = op.Range(0, op.Squeeze(number), 1)
    leaders = op.Identity(steps)
    for n in range(op.Squeeze(number)):
        earlier = op.And(leaders == steps, steps < n)
        joined = op.And(op.Gather(merge, n), earlier)
        first = op.ReduceMin(op.Where(joined, steps, n), keepdims=0)
        leaders = op.Where(steps == n, first, leaders)
    return leaders


@script(_domain, default_opset=op)
def visible(pixel, inside, start, stop, pixels, max_overlap):
    number = op.Shape(start)
    steps = op.Range(0, op.Squeeze(number), 1)
    keep = op.Expand(0, number)
    # A loop copies what it carries in each step: a byte per pixel.
    taken = op.Cast(op.Expand(0, pixels), to=_BOOL)
    for n in range(op.Squeeze(number)):
        low = op.Unsqueeze(op.Gather(start, n), 0)
        high = op.Unsqueeze(op.Gather(stop, n), 0)
        here = op.Compress(op.Slice(pixel, low, high), op.Slice(inside, low, high))
        before = op.Gather(taken, here)
        area = op.Size(here)
        hidden = op.ReduceSum(op.Cast(before, to=_INT64), keepdims=0)
        few = op.Cast(hidden, to=_DOUBLE) <= max_overlap * op.Cast(area, to=_DOUBLE)
        kept = op.And(area > 0, few)
        keep = op.Where(steps == n, op.Cast(kept, to=_INT64), keep)
        taken = op.ScatterElements(taken, here, op.Or(before, kept))
    return op.Cast(keep, to=_BOOL)


def functions() -> list[FunctionProto]:
    """All rules, as functions of a model."""
    rules = (
        picked,
        labelled,
        pasted,
        part_of_mask,
        pair_overlaps,
        parted,
        group_leaders,
        visible,
    )
    return [rule.to_function_proto() for rule in rules]
