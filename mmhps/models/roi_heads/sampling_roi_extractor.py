"""RoIAlign by PyTorch's own bilinear sampling: the same values, many times faster on a CPU."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from mmdet.models.roi_heads.roi_extractors import SingleRoIExtractor
from mmdet.registry import MODELS
from mmdet.utils import ConfigType
from torch import Tensor, nn


@MODELS.register_module()
class SamplingRoIExtractor(SingleRoIExtractor):
    """SingleRoIExtractor whose RoIAlign is :class:`SamplingRoIAlign`.

    Takes the arguments of the base class; ``roi_layer`` holds ``output_size`` and
    ``sampling_ratio``.
    """

    def build_roi_layers(self, layer_cfg: ConfigType, featmap_strides: list[int]) -> nn.ModuleList:
        """One layer for each level of the feature pyramid."""
        options = {key: value for key, value in layer_cfg.items() if key != "type"}
        return nn.ModuleList(SamplingRoIAlign(1 / stride, **options) for stride in featmap_strides)


class SamplingRoIAlign(nn.Module):
    """RoIAlign (He et al., "Mask R-CNN", 2017) for boxes inside of the image.

    mmcv's operator visits every value of every bin on its own when it runs on a CPU, forwards and
    backwards. Here each bin's points are read by ``grid_sample``. The values are those of mmcv
    with ``aligned=True``, apart from points more than a pixel outside of the feature map, which
    mmcv counts as zero and which here repeat the edge.

    Args:
        spatial_scale: Pixels of the feature map per pixel of the image.
        output_size: Bins along each side.
        sampling_ratio: Points along each side of a bin, at least 1.
    """

    def __init__(self, spatial_scale: float, output_size: int, sampling_ratio: int) -> None:
        super().__init__()
        if sampling_ratio < 1:
            raise ValueError(
                f"sampling_ratio must be at least 1, got {sampling_ratio}; RoIAlign of mmcv can "
                "choose it by the size of the box"
            )
        self.spatial_scale = spatial_scale
        self.output_size = (output_size, output_size)
        self.sampling_ratio = sampling_ratio

    def forward(self, features: Tensor, rois: Tensor) -> Tensor:
        """Sample the features.

        Args:
            features: (B, C, h, w).
            rois: (N, 5) as image index, x1, y1, x2, y2 in pixels of the image. No gradient flows to
                them.

        Returns:
            (N, C, output_size, output_size).
        """
        # In half precision the points would be off, and grid_sample would not keep it.
        dtype = torch.promote_types(features.dtype, torch.float32)
        grid = self._points(rois.detach(), features.shape[-2:]).to(dtype)
        images = rois[:, 0].long()
        order, parts = [], []
        for b, image in enumerate(features.to(dtype)):
            of_image = (images == b).nonzero().flatten()
            if len(of_image):
                order.append(of_image)
                parts.append(self._sample(image, grid[of_image]))
        if not parts:
            return features.new_zeros(0, features.shape[1], *self.output_size) + features.sum() * 0
        return torch.cat(parts)[torch.cat(order).argsort()].to(features.dtype)

    def _sample(self, image: Tensor, grid: Tensor) -> Tensor:
        """(C, h, w), (n, K, K, 2) -> (n, C, output_size, output_size)."""
        count, side = grid.shape[:2]
        points = F.grid_sample(
            image[None],
            grid.reshape(1, count * side, side, 2),
            padding_mode="border",
            align_corners=False,
        )
        bins = points.view(len(image), count, side, side).transpose(0, 1)
        return F.avg_pool2d(bins, self.sampling_ratio) if self.sampling_ratio > 1 else bins

    def _points(self, rois: Tensor, size: tuple[int, int]) -> Tensor:
        """(N, 5) -> (N, K, K, 2): the points of all bins as x, y in -1..1 of the feature map."""
        count = self.output_size[0] * self.sampling_ratio
        steps = (torch.arange(count, device=rois.device) + 0.5) / count
        low, high = rois[:, 1:3, None].float(), rois[:, 3:5, None].float()
        extent = low.new_tensor([size[1], size[0]])[:, None]
        x, y = (2 * (low + (high - low) * steps) * self.spatial_scale / extent - 1).unbind(dim=1)
        return torch.stack(
            [x[:, None, :].expand(-1, count, -1), y[:, :, None].expand(-1, -1, count)], dim=-1
        )
