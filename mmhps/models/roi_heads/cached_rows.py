"""Reuse what the box head has computed already.

Shapes: R sampled RoIs of all images, P proposals of all images.
"""

from __future__ import annotations

import torch
from mmdet.models.task_modules.samplers import SamplingResult
from torch import Tensor


def cached_rows(sampled: list[SamplingResult], counts: list[int], gt_added: bool) -> Tensor:
    """Find the row of each proposal among all sampled RoIs.

    Args:
        sampled: The sampled RoIs of each image.
        counts: Number of proposals of each image.
        gt_added: Whether the sampler puts ground-truth boxes before the proposals.

    Returns:
        (P,) int64, -1 for proposals that were not sampled.
    """
    rows, first = [], 0
    for sample, count in zip(sampled, counts, strict=True):
        index = torch.cat([sample.pos_inds, sample.neg_inds])
        added = sample.num_gts if gt_added else 0
        image_rows = index.new_full((added + count,), -1)
        image_rows[index] = torch.arange(first, first + len(index), device=index.device)
        rows.append(image_rows[added:])
        first += len(index)
    return torch.cat(rows)


def gather_cached(cached: Tensor, computed: Tensor, rows: Tensor) -> Tensor:
    """Join cached results and those computed for the remaining proposals.

    Args:
        cached: (R, ...).
        computed: (C, ...) in the order of the rows that are -1.
        rows: (P,) from :func:`cached_rows`.

    Returns:
        (P, ...): row ``rows[p]`` of ``cached``, or the next one of ``computed`` where it is -1.
    """
    missing = rows < 0
    index = rows.masked_scatter(
        missing, len(cached) + torch.arange(len(computed), device=rows.device)
    )
    return torch.cat([cached, computed])[index]
