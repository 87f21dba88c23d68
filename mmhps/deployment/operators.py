"""Steps that torch has no exportable operator for: what they compute, and what stands for them.

Each is computed by the package's own function in torch. In an exported graph, non-maximum
suppression and RoIAlign are ONNX's operators, and the three greedy rules are those of
:mod:`mmhps.deployment.rules`, of which nothing but standard operators is left in the file.

Shapes: N boxes or instances, K claims, P pairs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from mmhps.ops import greedy_nms
from mmhps.ops import roi_align as sampled_roi_align

__all__ = ["bincount", "group_leaders", "nms", "pair_overlaps", "picked", "roi_align", "visible"]

RULES = "mmhps"
"""Domain of the rules while the graph is made."""


def _constant(g: Any, value: Any, dtype: torch.dtype) -> Any:
    return g.op("Constant", value_t=torch.tensor(value, dtype=dtype))


def _typed(output: Any, like: Any, dtype: torch.dtype, sizes: list[int | None]) -> Any:
    """Tell the exporter the type of an output."""
    output.setType(like.type().with_dtype(dtype).with_sizes(sizes))
    return output


class _NMS(Function):
    @staticmethod
    def forward(ctx: Any, boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
        return greedy_nms(boxes, scores, iou_threshold)

    @staticmethod
    def symbolic(g: Any, boxes: Any, scores: Any, iou_threshold: float) -> Any:
        one_image = _constant(g, [0], torch.int64)
        one_class = _constant(g, [0, 1], torch.int64)
        chosen = g.op(
            "NonMaxSuppression",
            g.op("Unsqueeze", boxes, one_image),
            g.op("Unsqueeze", scores, one_class),
            _constant(g, [torch.iinfo(torch.int32).max], torch.int64),
            _constant(g, [iou_threshold], torch.float32),
        )
        # Rows of an image, a class and a box.
        index = g.op("Gather", chosen, _constant(g, 2, torch.int64), axis_i=1)
        return _typed(index, boxes, torch.int64, [None])


class _RoIAlign(Function):
    @staticmethod
    def forward(
        ctx: Any, features: Tensor, boxes: Tensor, size: int, scale: float, ratio: int
    ) -> Tensor:
        rois = torch.cat([boxes.new_zeros(len(boxes), 1), boxes], dim=1)
        return sampled_roi_align(features, rois, size, scale, ratio)

    @staticmethod
    def symbolic(g: Any, features: Any, boxes: Any, size: int, scale: float, ratio: int) -> Any:
        number = g.op(
            "Slice", g.op("Shape", boxes), *(_constant(g, [i], torch.int64) for i in (0, 1))
        )
        image = g.op("ConstantOfShape", number, value_t=torch.tensor([0]))
        pooled = g.op(
            "RoiAlign",
            features,
            boxes,
            image,
            coordinate_transformation_mode_s="half_pixel",
            mode_s="avg",
            output_height_i=size,
            output_width_i=size,
            sampling_ratio_i=ratio,
            spatial_scale_f=scale,
        )
        channels = (features.type().sizes() or [None] * 2)[1]
        return _typed(pooled, features, torch.float32, [None, channels, size, size])


class _Bincount(Function):
    @staticmethod
    def forward(ctx: Any, index: Tensor, length: Tensor) -> Tensor:
        return torch.bincount(index, minlength=int(length))

    @staticmethod
    def symbolic(g: Any, index: Any, length: Any) -> Any:
        filled = (
            g.op("ConstantOfShape", shape, value_t=torch.tensor([value]))
            for shape, value in ((length, 0), (g.op("Shape", index), 1))
        )
        empty, ones = filled
        counts = g.op("ScatterElements", empty, index, ones, axis_i=0, reduction_s="add")
        return _typed(counts, index, torch.int64, [None])


class _Picked(Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, rows: Tensor, columns: Tensor, same: Tensor) -> Tensor:
        return values[rows][:, columns]

    @staticmethod
    def symbolic(g: Any, values: Any, rows: Any, columns: Any, same: Any) -> Any:
        large = g.op(f"{RULES}::picked", values, rows, columns, same)
        return _typed(large, values, torch.int64, [None, None])


class _PairOverlaps(Function):
    @staticmethod
    def forward(
        ctx: Any, pixel: Tensor, inside: Tensor, start: Tensor, pairs: Tensor, pixels: Tensor
    ) -> Tensor:
        overlaps = pairs.new_zeros(len(pairs))
        parts = [slice(a, b) for a, b in zip(start.tolist(), start[1:].tolist(), strict=False)]
        for i, (n, k) in enumerate(pairs.tolist()):
            mask = inside.new_zeros(int(pixels))
            mask[pixel[parts[n]]] = inside[parts[n]]
            overlaps[i] = (mask[pixel[parts[k]]] & inside[parts[k]]).sum()
        return overlaps

    @staticmethod
    def symbolic(g: Any, pixel: Any, inside: Any, start: Any, pairs: Any, pixels: Any) -> Any:
        overlaps = g.op(f"{RULES}::pair_overlaps", pixel, inside, start, pairs, pixels)
        return _typed(overlaps, pixel, torch.int64, [None])


class _GroupLeaders(Function):
    @staticmethod
    def forward(ctx: Any, merge: Tensor) -> Tensor:
        leaders = torch.arange(len(merge))
        for n in range(len(merge)):
            joined = merge[n] & (leaders == torch.arange(len(merge))) & (leaders < n)
            if joined.any():
                leaders[n] = joined.nonzero()[0, 0]
        return leaders

    @staticmethod
    def symbolic(g: Any, merge: Any) -> Any:
        return _typed(g.op(f"{RULES}::group_leaders", merge), merge, torch.int64, [None])


class _Visible(Function):
    @staticmethod
    def forward(
        ctx: Any,
        pixel: Tensor,
        inside: Tensor,
        start: Tensor,
        stop: Tensor,
        pixels: Tensor,
        max_overlap: float,
    ) -> Tensor:
        taken = inside.new_zeros(int(pixels))
        keep = inside.new_zeros(len(start))
        for n, (low, high) in enumerate(zip(start.tolist(), stop.tolist(), strict=True)):
            here, mask = pixel[low:high], inside[low:high]
            area, hidden = int(mask.sum()), int((mask & taken[here]).sum())
            keep[n] = area > 0 and hidden <= max_overlap * area
            if keep[n]:
                taken[here] |= mask
        return keep

    @staticmethod
    def symbolic(
        g: Any, pixel: Any, inside: Any, start: Any, stop: Any, pixels: Any, max_overlap: float
    ) -> Any:
        share = _constant(g, max_overlap, torch.float64)
        keep = g.op(f"{RULES}::visible", pixel, inside, start, stop, pixels, share)
        return _typed(keep, pixel, torch.bool, [None])


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """:func:`mmhps.ops.greedy_nms` of (N, 4) boxes, as indices by falling score."""
    return _NMS.apply(boxes, scores, iou_threshold)


def roi_align(
    features: Tensor, boxes: Tensor, size: int, spatial_scale: float, sampling_ratio: int
) -> Tensor:
    """:func:`mmhps.ops.roi_align` of one image: (1, C, h, w), (N, 4) -> (N, C, size, size)."""
    return _RoIAlign.apply(features, boxes, size, spatial_scale, sampling_ratio)


def bincount(index: Tensor, length: Tensor) -> Tensor:
    """How often each of the numbers below a length occurs: (K,), (1,) int64 -> (length,) int64."""
    return _Bincount.apply(index, length)


def picked(values: Tensor, rows: Tensor, columns: Tensor, same: Tensor) -> Tensor:
    """Repeat or drop rows and columns of a map.

    Args:
        values: (h, w) int64.
        rows: (H,) int64, the row that stands in each of the result.
        columns: (W,) int64.
        same: () bool, whether these are all rows and columns in order, and nothing is to be done.

    Returns:
        (H, W) int64.
    """
    return _Picked.apply(values, rows, columns, same)


def pair_overlaps(
    pixel: Tensor, inside: Tensor, start: Tensor, pairs: Tensor, pixels: Tensor
) -> Tensor:
    """Count the pixels that the masks of some pairs of instances have in common.

    Args:
        pixel: (K,) int64, the pixel of each claim, instance by instance.
        inside: (K,) bool, whether it is in the mask.
        start: (N + 1,) int64, where the claims of each instance begin.
        pairs: (P, 2) int64.
        pixels: (1,) int64, the number of pixels of the map.

    Returns:
        (P,) int64.
    """
    return _PairOverlaps.apply(pixel, inside, start, pairs, pixels)


def group_leaders(merge: Tensor) -> Tensor:
    """Group instances: each joins the first leader before it that it may merge with, or leads.

    Args:
        merge: (N, N) bool, whether n may merge with an earlier k.

    Returns:
        (N,) int64, the leader of each, maybe itself.
    """
    return _GroupLeaders.apply(merge)


def visible(
    pixel: Tensor,
    inside: Tensor,
    start: Tensor,
    stop: Tensor,
    pixels: Tensor,
    max_overlap: float,
) -> Tensor:
    """The rule of :func:`mmhps.functional.not_hidden`.

    Args:
        pixel: (K,) int64, the pixel of each claim.
        inside: (K,) bool, whether it is in the mask.
        start: (N,) int64, where the claims of each instance begin.
        stop: (N,) int64, and where they end.
        pixels: (1,) int64, the number of pixels of the map.
        max_overlap: Share of a mask that may be hidden.

    Returns:
        (N,) bool.
    """
    return _Visible.apply(pixel, inside, start, stop, pixels, max_overlap)
