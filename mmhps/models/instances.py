"""What the instance branch hands on: the instances of an image, and their canvases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from mmhps.functional import Layer, box_cover, paste_canvases, weighted_mean

__all__ = ["Canvases", "Instances", "output_boxes", "paste"]


class _Rows:
    """A dataclass of tensors with one row per instance, all of the same length."""

    def __post_init__(self) -> None:
        wrong = {
            field.name: tuple(getattr(self, field.name).shape)
            for field in fields(self)
            if len(getattr(self, field.name)) != len(self)
        }
        if wrong:
            raise ValueError(f"{type(self).__name__}: expected {len(self)} rows, got {wrong}")

    def __len__(self) -> int:
        return len(self.labels)

    def _each(self, function: Callable[[Tensor], Tensor]):
        return type(self)(**{f.name: function(getattr(self, f.name)) for f in fields(self)})

    def __getitem__(self, index: Tensor | slice | Sequence[int]):
        """Select instances by an index tensor, a bool mask or a slice, not by a single number."""
        return self._each(lambda values: values[index])


@dataclass(frozen=True, eq=False)
class Instances(_Rows):
    """The N instances of one image, by falling score, in pixels of the network's input.

    Training and testing have the same fields.

    Attributes:
        bboxes: (N, 4) as x1, y1, x2, y2, detached.
        labels: (N,) int64 thing classes.
        scores: (N,) in 0..1, with gradient to the box classifier.
        class_weights: (N, T), the one-hot rows of Eq. (1).
        mask_logits: (N, M, M) of the chosen class.
        detected: (N,) bool; False for ground truth that no detection found, which only training
            adds. All True if left out.
        gt_inds: (N,) int64, the ground-truth instance that each one stands for. All -1 (none) if
            left out, as at test time.

    Raises:
        ValueError: The fields differ in length.
    """

    bboxes: Tensor
    labels: Tensor
    scores: Tensor
    class_weights: Tensor
    mask_logits: Tensor
    detected: Tensor | None = None
    gt_inds: Tensor | None = None

    def __post_init__(self) -> None:
        if self.detected is None:
            object.__setattr__(self, "detected", torch.ones_like(self.labels, dtype=torch.bool))
        if self.gt_inds is None:
            object.__setattr__(self, "gt_inds", torch.full_like(self.labels, -1))
        super().__post_init__()


@dataclass(frozen=True, eq=False)
class Canvases(_Rows):
    """N instances as layers of the size of a map.

    Attributes:
        logits: (N, h, w) mask logits, 0 outside of the boxes.
        cover: (N, h, w) bool, the pixels with their centre inside the box.
        labels: (N,) int64 thing classes.
        scores: (N,) in 0..1.
        bboxes: (N, 4) in pixels of the whole map, also where the canvases are a part of it.

    Raises:
        ValueError: The fields differ in length.
    """

    logits: Tensor
    cover: Tensor
    labels: Tensor
    scores: Tensor
    bboxes: Tensor

    @classmethod
    def of_layers(
        cls,
        layers: Sequence[Layer],
        labels: Tensor,
        scores: Tensor,
        bboxes: Tensor,
        size: tuple[int, int],
    ) -> Canvases:
        """Make canvases of windows.

        Args:
            layers: N windows (:func:`mmhps.functional.paste_windows`), -inf outside of their boxes.
            labels: (N,).
            scores: (N,).
            bboxes: (N, 4).
            size: (h, w).
        """
        logits = torch.full((len(layers), *size), -torch.inf, device=scores.device)
        for canvas, (window, values) in zip(logits, layers, strict=True):
            canvas[window] = values
        cover = logits > -torch.inf
        return cls(logits.where(cover, logits.new_zeros(())), cover, labels, scores, bboxes)

    def merged(self, slots: Tensor) -> Canvases:
        """Average the canvases of each slot; ``slots`` (N,) int64 holds numbers 0..K-1."""
        member = (slots[:, None] == slots.unique()[None, :]).float()
        return Canvases(
            weighted_mean(self.logits, member, self.cover),
            weighted_mean(self.cover, member) > 0,
            # Canvases of one slot have one label.
            self.labels.new_empty(member.shape[1]).scatter_(0, slots, self.labels),
            (member * self.scores[:, None]).sum(dim=0) / member.sum(dim=0),
            (member[..., None] * self.bboxes[:, None]).sum(dim=0) / member.sum(dim=0)[:, None],
        )


def paste(instances: Instances, size: tuple[int, int], stride: float) -> Canvases:
    """Paste the instances of one image into canvases.

    Args:
        instances: N instances.
        size: (h, w) of the canvases.
        stride: Pixels of the network's input per pixel of the canvas.
    """
    boxes = instances.bboxes / stride
    logits = paste_canvases(instances.mask_logits, boxes, size)
    cover = box_cover(boxes, size)
    return Canvases(logits, cover, instances.labels, instances.scores, boxes)


def output_boxes(boxes: Tensor, meta: dict, rescale: bool) -> Tensor:
    """Boxes (N, 4) of the network's input, in pixels of the output."""
    return boxes / boxes.new_tensor(meta["scale_factor"]).repeat(2) if rescale else boxes
