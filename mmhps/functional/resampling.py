"""Semantic logits at low resolution, interpolated only where they are read.

The network computes logits at a quarter of its input's resolution, but the output has that of the
original image. Since the interpolation is bilinear, most output pixels can be decided at low
resolution. Shapes: C classes, (h, w) low resolution, (H, W) output.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

__all__ = ["Resampled", "resampled"]


@dataclass(frozen=True, eq=False)
class Resampled:
    """Values (C, h, w), to be read at (H, W) by bilinear interpolation.

    Attributes:
        values: (C, h, w) float32.
        rows: For each of the H output rows, the low-resolution row before it (int64), and how far
            it lies behind that one, 0..1 (float32).
        columns: The same for the W output columns.
    """

    values: Tensor
    rows: tuple[Tensor, Tensor]
    columns: tuple[Tensor, Tensor]

    @property
    def size(self) -> tuple[int, int]:
        """(H, W)."""
        return len(self.rows[0]), len(self.columns[0])

    def dense(self) -> Tensor:
        """The values at every output pixel, (C, H, W)."""
        row, below = self.rows[0], _next(self.rows[0], self.values.shape[1])
        column, right = self.columns[0], _next(self.columns[0], self.values.shape[2])
        wide = torch.lerp(
            self.values.index_select(2, column),
            self.values.index_select(2, right),
            self.columns[1],
        )
        return torch.lerp(
            wide.index_select(1, row), wide.index_select(1, below), self.rows[1][:, None]
        )

    def at(self, index: Tensor) -> Tensor:
        """The values at some output pixels.

        Args:
            index: (K,) int64 positions in the flat (H, W) map.

        Returns:
            (K, C).
        """
        y, x = index // self.size[1], index % self.size[1]
        fy, fx = self.rows[1][y], self.columns[1][x]
        weights = torch.stack([(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx], dim=1)
        # A weighted sum of rows of a table, in one operation.
        return torch.nn.functional.embedding_bag(
            self._corners(y, x), self._table, mode="sum", per_sample_weights=weights
        )

    def corners(self, y: Tensor, x: Tensor) -> Tensor:
        """The values at the four low-resolution pixels around some output pixels.

        Args:
            y: (K,) int64 output rows.
            x: (K,) int64 output columns.

        Returns:
            (K, 4, C): above left, above right, below left, below right.
        """
        places = self._corners(y, x)
        return self._table.index_select(0, places.view(-1)).view(len(y), 4, len(self.values))

    def _corners(self, y: Tensor, x: Tensor) -> Tensor:
        """(K, 4) rows of the table."""
        _, height, width = self.values.shape
        above, left = self.rows[0][y], self.columns[0][x]
        below, right = _next(above, height) * width, _next(left, width)
        above = above * width
        return torch.stack([above + left, above + right, below + left, below + right], dim=1)

    @cached_property
    def _table(self) -> Tensor:
        """(h * w, C): a row for each low-resolution pixel."""
        return self.values.permute(1, 2, 0).flatten(0, 1).contiguous()

    def spread(self, cells: Tensor) -> Tensor:
        """Copy a value for each cell between four low-resolution pixels to the output pixels in it.

        Args:
            cells: (h, w), cell (i, j) lying between pixels i, i + 1 and j, j + 1.

        Returns:
            (H, W).
        """
        return cells.index_select(1, self.columns[0]).index_select(0, self.rows[0])

    def strip(self, rows: slice) -> Resampled:
        """Restrict the output to some rows, and the values to those that they need.

        Args:
            rows: Which, with a start and a stop; at least one.
        """
        before, behind = (part[rows] for part in self.rows)
        first, last = int(before[0]), int(before[-1])
        values = self.values[:, first : last + 2]
        return Resampled(values, (before - first, behind), self.columns)


def resampled(
    values: Tensor,
    size: tuple[int, int],
    shown: tuple[int, int] | None = None,
    padded: tuple[int, int] | None = None,
) -> Resampled:
    """Read a low-resolution map at the size of the output, pixel centres at half integers.

    Args:
        values: (C, h, w), covering the padded input of the network.
        size: (H, W) of the output.
        shown: Size of the image within the padded input; all of it if None.
        padded: Size of the padded input.

    Returns:
        The map. Without padding it equals ``torch.nn.functional.interpolate(..., mode="bilinear",
        align_corners=False)``.
    """
    shares = (1.0, 1.0)
    if shown is not None and padded is not None:
        shares = (shown[0] / padded[0], shown[1] / padded[1])
    rows, columns = (
        _axis(length, cells, share, values.device)
        for length, cells, share in zip(size, values.shape[1:], shares, strict=True)
    )
    return Resampled(values.float(), rows, columns)


def _axis(length: int, cells: int, share: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """Where ``length`` pixels lie among the first ``share`` of ``cells``."""
    centre = torch.arange(length, device=device, dtype=torch.float64) + 0.5
    position = (centre * (share * cells / max(length, 1)) - 0.5).clamp(0, cells - 1)
    before = position.floor()
    return before.long(), (position - before).float()


def _next(index: Tensor, length: int) -> Tensor:
    return (index + 1).clamp(max=length - 1)
