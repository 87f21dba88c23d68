"""Steps that torch has no exportable operator for: what they compute, and what stands for them.

Each is computed by the package's own function in torch. In an exported graph, non-maximum
suppression and RoIAlign are ONNX's operators, and the rules and loops are those of
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

__all__ = [
    "bincount",
    "group_leaders",
    "labelled",
    "nms",
    "pair_overlaps",
    "parted",
    "pasted",
    "picked",
    "roi_align",
    "visible",
]

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
        return _typed(large, values, torch.int32, [None, None])


class _Labelled(Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, rows: Tensor, before: Tensor, block: Tensor) -> Tensor:
        return (rows @ values).argmax(dim=0).flatten()

    @staticmethod
    def symbolic(g: Any, values: Any, rows: Any, before: Any, block: Any) -> Any:
        labels = g.op(f"{RULES}::labelled", values, rows, before, block)
        return _typed(labels, values, torch.int64, [None])


class _Pasted(Function):
    @staticmethod
    def forward(
        ctx: Any, masks: Tensor, y: Tensor, x: Tensor, windows: Tensor, width: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        cells = torch.arange(masks.shape[-1])
        values, pixels = [masks.new_zeros(0)], [windows.new_zeros(0)]
        for n, (top, left, bottom, right) in enumerate(windows.tolist()):
            rows, columns = (
                (1 - (place[:, None] - cells).abs()).relu()
                for place in (y[n, top:bottom], x[n, left:right])
            )
            values.append((rows @ masks[n] @ columns.T).flatten())
            lines = torch.arange(len(rows)) + top
            pixels.append((lines[:, None] * width + torch.arange(len(columns)) + left).flatten())
        lengths = torch.tensor([len(part) for part in pixels[1:]], dtype=torch.long)
        owner = torch.repeat_interleave(torch.arange(len(masks)), lengths)
        return torch.cat(values), torch.cat(pixels), owner

    @staticmethod
    def symbolic(g: Any, masks: Any, y: Any, x: Any, windows: Any, width: Any) -> Any:
        value, *numbers = g.op(f"{RULES}::pasted", masks, y, x, windows, width, outputs=3)
        return (
            _typed(value, masks, torch.float32, [None]),
            *(_typed(part, masks, torch.int64, [None]) for part in numbers),
        )


class _PairOverlaps(Function):
    @staticmethod
    def forward(ctx: Any, inside: Tensor, start: Tensor, windows: Tensor, pairs: Tensor) -> Tensor:
        masks = []
        for n, (top, left, bottom, right) in enumerate(windows.tolist()):
            shape = max(bottom - top, 0), max(right - left, 0)
            masks.append(inside[start[n] : start[n + 1]].view(shape))
        overlaps = pairs.new_zeros(len(pairs))
        for i, pair in enumerate(pairs.tolist()):
            corner = windows[pair, :2].amax(dim=0)
            end = torch.maximum(windows[pair, 2:].amin(dim=0), corner)
            first, second = (
                masks[n][corner[0] - at[0] : end[0] - at[0], corner[1] - at[1] : end[1] - at[1]]
                for n, at in zip(pair, windows[pair, :2], strict=True)
            )
            overlaps[i] = (first & second).sum()
        return overlaps

    @staticmethod
    def symbolic(g: Any, inside: Any, start: Any, windows: Any, pairs: Any) -> Any:
        overlaps = g.op(f"{RULES}::pair_overlaps", inside, start, windows, pairs)
        return _typed(overlaps, inside, torch.int64, [None])


class _Parted(Function):
    @staticmethod
    def forward(
        ctx: Any, pixel: Tensor, owner: Tensor, value: Tensor, alone: Tensor
    ) -> tuple[Tensor, ...]:
        single = alone[owner]
        return tuple(part[chosen] for chosen in (single, ~single) for part in (pixel, owner, value))

    @staticmethod
    def symbolic(g: Any, pixel: Any, owner: Any, value: Any, alone: Any) -> Any:
        parts = g.op(f"{RULES}::parted", pixel, owner, value, alone, outputs=6)
        types = 2 * (torch.int64, torch.int64, torch.float32)
        return tuple(
            _typed(part, value, dtype, [None]) for part, dtype in zip(parts, types, strict=True)
        )


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
        values: (h, w) int32.
        rows: (H,) int64, the row that stands in each of the result.
        columns: (W,) int64.
        same: () bool, whether these are all rows and columns in order, and nothing is to be done.

    Returns:
        (H, W) int32.
    """
    return _Picked.apply(values, rows, columns, same)


def labelled(values: Tensor, rows: Tensor, before: Tensor, block: Tensor) -> Tensor:
    """The highest class of each pixel, of logits that have their full width but not their height.

    Args:
        values: (C, h, W).
        rows: (H, h), the weights of their rows in each row of the map.
        before: (H,) int64, the first row with a weight; the next one is the only other.
        block: (1,) int64, how many rows of the map a graph computes at once.

    Returns:
        (H * W,) int64, of equal classes the first.
    """
    return _Labelled.apply(values, rows, before, block)


def pasted(
    masks: Tensor, y: Tensor, x: Tensor, windows: Tensor, width: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Interpolate masks at the pixels of their windows, one instance after the other.

    Args:
        masks: (N, M, M).
        y: (N, H), where each row of the map lies in each mask, 0..M-1.
        x: (N, W), and each column.
        windows: (N, 4) int64, the first row and column of each, and those after the last.
        width: () int64, W.

    Returns:
        The values (K,), the pixels in the flat map (K,) int64, and the instances (K,) int64.
    """
    return _Pasted.apply(masks, y, x, windows, width)


def pair_overlaps(inside: Tensor, start: Tensor, windows: Tensor, pairs: Tensor) -> Tensor:
    """Count the pixels that the masks of some pairs of instances have in common.

    Args:
        inside: (K,) bool, whether each pixel of the N windows is in the mask, window by window.
        start: (N + 1,) int64, where those of each instance begin.
        windows: (N, 4) int64, the first row and column of each, and those after the last.
        pairs: (P, 2) int64.

    Returns:
        (P,) int64.
    """
    return _PairOverlaps.apply(inside, start, windows, pairs)


def parted(pixel: Tensor, owner: Tensor, value: Tensor, alone: Tensor) -> tuple[Tensor, ...]:
    """Divide claims in those of some instances and those of the others.

    Args:
        pixel: (K,) int64.
        owner: (K,) int64.
        value: (K,).
        alone: (N,) bool, which instances' claims are the first.

    Returns:
        Pixels, owners and values of the first, and of the others.
    """
    return _Parted.apply(pixel, owner, value, alone)


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
