"""The greedy rules as graphs of standard ONNX operators: what depends on what was decided before.

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

_BOOL, _INT64, _DOUBLE = TensorProto.BOOL, TensorProto.INT64, TensorProto.DOUBLE
_domain = Opset(RULES, 1)


@script(_domain, default_opset=op)
def picked(values, rows, columns, same):
    if same:
        large = op.Identity(values)
    else:
        large = op.Gather(op.Gather(values, rows, axis=0), columns, axis=1)
    return large


@script(_domain, default_opset=op)
def pair_overlaps(pixel, inside, start, pairs, pixels):
    number = op.Shape(pairs, start=0, end=1)
    steps = op.Range(0, op.Squeeze(number), 1)
    empty = op.Expand(0, pixels)
    mask = op.Cast(inside, to=_INT64)
    overlaps = op.Expand(0, number)
    for i in range(op.Squeeze(number)):
        pair = op.Gather(pairs, i)
        low = op.Gather(start, pair)
        high = op.Gather(start, pair + 1)
        n_low, k_low = op.Split(low, num_outputs=2)
        n_high, k_high = op.Split(high, num_outputs=2)
        first = op.ScatterElements(
            empty, op.Slice(pixel, n_low, n_high), op.Slice(mask, n_low, n_high)
        )
        common = op.Gather(first, op.Slice(pixel, k_low, k_high)) * op.Slice(mask, k_low, k_high)
        overlaps = op.Where(steps == i, op.ReduceSum(common, keepdims=0), overlaps)
    return overlaps


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
        here = op.Slice(pixel, low, high)
        mask = op.Slice(inside, low, high)
        before = op.Gather(taken, here)
        area = op.ReduceSum(op.Cast(mask, to=_INT64), keepdims=0)
        hidden = op.ReduceSum(op.Cast(op.And(mask, before), to=_INT64), keepdims=0)
        few = op.Cast(hidden, to=_DOUBLE) <= max_overlap * op.Cast(area, to=_DOUBLE)
        kept = op.And(area > 0, few)
        keep = op.Where(steps == n, op.Cast(kept, to=_INT64), keep)
        taken = op.ScatterElements(taken, here, op.Or(before, op.And(mask, kept)))
    return op.Cast(keep, to=_BOOL)


def functions() -> list[FunctionProto]:
    """All rules, as functions of a model."""
    return [rule.to_function_proto() for rule in (picked, pair_overlaps, group_leaders, visible)]
