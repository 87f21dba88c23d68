"""OANet's spatial ranking (Liu et al., 2019): a heuristic merge in a learnt order.

Shapes: T thing classes, N instances, h x w semantic logits, H x W output.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmengine.structures import PixelData
from torch import Tensor, nn

from mmhps.functional import Layer, Resampled, class_map, mean_ranks, ranking_loss, shrink_ids
from mmhps.structures import INSTANCE_OFFSET

from ..instances import Canvases, Instances
from .heuristic_merge_head import HeuristicMergeHead


@MODELS.register_module()
class OANetFusionHead(HeuristicMergeHead):
    """A heuristic merge that puts instances into a learnt order in place of that of the scores.

    Convolutions with large kernels turn the masks of all instances into a score map for each thing
    class, and an instance's rank is the mean of its class's map over its mask. Masks have no
    gradient here: the loss trains the convolutions alone.

    Args:
        args: See :class:`HeuristicMergeHead`.
        ranking_weight: Weight of the ranking loss.
        kernel_size: Length of the kernels, an odd number of pixels of the semantic logits.
        channels: Channels between the two convolutions of each path.
        kwargs: See :class:`HeuristicMergeHead`.
    """

    uses_unmatched = True

    def __init__(
        self,
        *args,
        ranking_weight: float = 1.0,
        kernel_size: int = 7,
        channels: int = 32,
        **kwargs,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.ranking_weight = ranking_weight
        self.columns_first = self._path(channels, first=(kernel_size, 1))
        self.rows_first = self._path(channels, first=(1, kernel_size))

    def _path(self, channels: int, first: tuple[int, int]) -> nn.Sequential:
        things = self.num_things_classes
        return nn.Sequential(
            nn.Conv2d(things, channels, first, padding="same"),
            nn.ReLU(),
            nn.Conv2d(channels, things, first[::-1], padding="same"),
        )

    def ranking(self, masks: Tensor, labels: Tensor) -> Tensor:
        """Compute the logits of the score maps (T, h, w), float32, from masks (N, h, w), bool."""
        drawn = class_map(masks, labels, self.num_things_classes)[None]
        return (self.columns_first(drawn) + self.rows_first(drawn))[0].float()

    def loss(
        self,
        instances: Sequence[Instances],
        canvases: Sequence[Canvases],
        semantic_logits: Tensor,
        batch_data_samples: SampleList,
    ) -> dict[str, Tensor]:
        """Compute ``{'loss_ranking': ...}``, the mean over the images; see the base class."""
        losses = []
        for image, canvas, sample in zip(instances, canvases, batch_data_samples, strict=True):
            found = canvas[image.detected]
            gt = sample.gt_panoptic_seg.sem_seg[0]
            gt = shrink_ids(gt, sample.batch_input_shape, tuple(semantic_logits.shape[-2:]))
            logits = self.ranking(found.logits > 0, found.labels)
            losses.append(ranking_loss(logits, gt % INSTANCE_OFFSET))
        return dict(loss_ranking=self.ranking_weight * torch.stack(losses).mean())

    def fuse(
        self, layers: Sequence[Layer], labels: Tensor, scores: Tensor, logits: Resampled
    ) -> PixelData:
        """Fuse one image as the base class does, by falling rank in place of falling score."""
        masks = coarse_masks(layers, logits)
        ranks = mean_ranks(self.ranking(masks, labels).softmax(dim=0), masks, labels)
        # Masks too small for the coarse map have no rank.
        ranks = torch.where(masks.any(dim=2).any(dim=1), ranks, scores)
        order = ranks.argsort(descending=True, stable=True)
        layers = [layers[n] for n in order.tolist()]
        return super().fuse(layers, labels[order], scores[order], logits)


def coarse_masks(layers: Sequence[Layer], logits: Resampled) -> Tensor:
    """The masks of layers of the output's size at the semantic logits' resolution, as in training.

    Args:
        layers: N windows.
        logits: (T + S, h, w), to be read at (H, W).

    Returns:
        (N, h', w') bool, where h' x w' are the logits without the padding.
    """
    axes = []
    for length, (before, _) in zip(logits.size, (logits.rows, logits.columns), strict=True):
        cells = int(before[-1]) + 1
        centre = (torch.arange(cells, device=before.device) + 0.5) * length / cells
        axes.append(centre.long())
    masks = torch.zeros(
        (len(layers), *map(len, axes)), dtype=torch.bool, device=logits.values.device
    )
    for mask, (window, canvas) in zip(masks, layers, strict=True):
        dense = torch.zeros(logits.size, dtype=torch.bool, device=masks.device)
        dense[window] = canvas > 0
        mask[:] = dense[axes[0]][:, axes[1]]
    return masks
