"""Test-time augmentation: one panoptic map from several views (flips and scales) of an image.

Shapes: V views, N instances of all of them, T + S classes, H x W output.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample, SampleList
from mmdet.structures.bbox import bbox_flip
from mmengine.model import BaseTTAModel
from mmengine.structures import InstanceData, PixelData
from torch import Tensor, nn

from mmhps.functional import Layer, Resampled, merge_groups, merge_layers, resampled

from ..instances import Instances
from .outputs import dense, instance_data, masks_of, output_layers

_FLIPPED = dict(horizontal=(-1,), vertical=(-2,), diagonal=(-2, -1))


class View(NamedTuple):
    """What a network sees in one view of an image.

    Attributes:
        sample: Its data sample.
        instances: N instances.
        logits: Semantic logits (T + S, H, W), or to be read at that size.
    """

    sample: DetDataSample
    instances: Instances | InstanceData
    logits: Resampled | Tensor


@MODELS.register_module()
class PanopticTTAModel(BaseTTAModel):
    """Averages the views of an image, turned back, and fuses the average.

    The semantic logits are averaged at the size of the image. Instances of different views are the
    same if they have one class and masks that overlap; what one view tells apart stays apart. The
    masks of a group are averaged by their scores. Its score is their sum, divided by the number of
    views. All groups are ``pred_instances``; those that at least ``min_share`` of the views see go
    through the network's own fusion.

    Args:
        module: One of the detectors of this package: it needs ``predict_parts`` and a
            :class:`mmhps.models.fusion_heads.FusionHead`.
        merge_iou: Mask IoU above which instances of one class, in two views, are the same.
        min_share: Share of the views that must see an instance of the panoptic map.

    Raises:
        TypeError: The module is another detector.
    """

    def __init__(
        self, module: nn.Module | dict, merge_iou: float = 0.5, min_share: float = 0.5
    ) -> None:
        super().__init__(module)
        if not hasattr(self.module, "predict_parts"):
            raise TypeError(
                f"module: expected a detector of mmhps, whose parts can be averaged, got "
                f"{type(self.module).__name__}. Test it without --tta."
            )
        self.merge_iou = merge_iou
        self.min_share = min_share

    def test_step(self, data: dict) -> SampleList:
        """Predict a batch.

        Args:
            data: ``inputs`` and ``data_samples``, each V lists of the images of the batch.
        """
        views = []
        for number in range(len(data["inputs"])):
            batch = {key: values[number] for key, values in data.items()}
            batch = self.module.data_preprocessor(batch, False)
            samples = batch["data_samples"]
            instances, logits = self.module.predict_parts(batch["inputs"], samples)
            views.append([View(*one) for one in zip(samples, instances, logits, strict=True)])
        return self.merge_preds(list(zip(*views, strict=True)))

    def merge_preds(self, data_samples_list: Sequence[Sequence[View]]) -> SampleList:
        """The prediction of each image, given its V views, in the first view's data sample."""
        return [self._merge(views) for views in data_samples_list]

    def _merge(self, views: Sequence[View]) -> DetDataSample:
        sample = views[0].sample
        size = tuple(sample.ori_shape[:2])
        logits = sum(dense(v.logits).flip(_flip(v.sample)[1]) for v in views) / len(views)
        layers, found, share = self._merge_instances(views, size)
        seen = share >= self.min_share
        head = self.module.panoptic_fusion_head
        sample.pred_panoptic_seg = head.fuse(
            [layer for layer, one in zip(layers, seen.tolist(), strict=True) if one],
            found.labels[seen],
            found.scores[seen],
            resampled(logits, size),
        )
        wanted = (getattr(self.module, "test_cfg", None) or {}).get("outputs") or ()
        sample.pred_instances = found
        if "masks" in wanted:
            found.masks = masks_of(layers, size, logits.device)
        if "semantic" in wanted:
            sample.pred_sem_seg = PixelData(sem_seg=logits.argmax(dim=0, keepdim=True))
        return sample

    def _merge_instances(
        self, views: Sequence[View], size: tuple[int, int]
    ) -> tuple[list[Layer], InstanceData, Tensor]:
        """The groups of all views' instances by falling score, and the share of views of each."""
        turned = [_turned_back(view, size) for view in views]
        found = InstanceData.cat([instances for _, instances in turned])
        layers = [layer for part, _ in turned for layer in part]
        sources = [number for number, (part, _) in enumerate(turned) for _ in part]
        order = found.scores.argsort(descending=True, stable=True)
        found, (layers, sources) = found[order], _sorted(order, layers, sources)
        groups = merge_groups(layers, found.labels, self.merge_iou, sources)
        layers, leaders = merge_layers(layers, groups, found.scores)
        scores = found.scores.new_zeros(len(leaders)).index_add(0, groups, found.scores)
        share = torch.bincount(groups, minlength=len(leaders)) / len(views)
        found = found[leaders]
        found.scores = scores / len(views)
        order = found.scores.argsort(descending=True, stable=True)
        return _sorted(order, layers)[0], found[order], share[order]


def _sorted(order: Tensor, *lists: list) -> list[list]:
    """Lists in another order."""
    return [[items[n] for n in order.tolist()] for items in lists]


def _flip(sample: DetDataSample) -> tuple[str | None, tuple[int, ...]]:
    """How a view is flipped, and the dimensions of its maps that are."""
    direction = sample.flip_direction if sample.get("flip") else None
    return direction, _FLIPPED[direction] if direction else ()


def _turned_back(view: View, size: tuple[int, int]) -> tuple[list[Layer], InstanceData]:
    """Instances of a view as the image shows them: layers of its size, boxes, labels, scores."""
    direction, dims = _flip(view.sample)
    found = instance_data(view.instances, view.sample.metainfo)
    layers = output_layers(view.instances, view.sample.metainfo, True, size)
    if direction:
        found.bboxes = bbox_flip(found.bboxes, size, direction)
        layers = [
            (
                tuple(
                    slice(length - side.stop, length - side.start) if axis - 2 in dims else side
                    for axis, (side, length) in enumerate(zip(window, size, strict=True))
                ),
                canvas.flip(dims),
            )
            for window, canvas in layers
        ]
    return layers, found
