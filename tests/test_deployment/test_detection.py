import pytest
import torch
from mmdet.models.roi_heads.roi_extractors import SingleRoIExtractor
from mmdet.models.task_modules import DeltaXYWHBBoxCoder

from mmhps.deployment.detection import decoded, pooled_features

SHOWN = (torch.tensor(30), torch.tensor(50))


def test_decoded_as_the_coder():
    g = torch.Generator().manual_seed(0)
    corner = torch.rand(20, 2, generator=g) * 30
    boxes = torch.cat([corner, corner + 20 * torch.rand(20, 2, generator=g)], dim=1)
    deltas = 3 * torch.randn(20, 4, generator=g)
    coder = DeltaXYWHBBoxCoder(target_stds=(0.1, 0.1, 0.2, 0.2))
    expected = coder.decode(boxes, deltas, max_shape=(30, 50))
    torch.testing.assert_close(decoded(coder, boxes, deltas, SHOWN), expected)
    coder = DeltaXYWHBBoxCoder(clip_border=False)
    torch.testing.assert_close(decoded(coder, boxes, deltas, SHOWN), coder.decode(boxes, deltas))


@pytest.mark.parametrize("number", [0, 9])
@pytest.mark.parametrize("ratio", [0, 1])
def test_pooled_from_the_level_of_the_size(number, ratio):
    layer = dict(type="RoIAlign", output_size=3, sampling_ratio=ratio)
    extractor = SingleRoIExtractor(layer, 2, [4, 8, 16], finest_scale=8)
    g = torch.Generator().manual_seed(0)
    features = [torch.randn(1, 2, 32 // s, 64 // s, generator=g) for s in (1, 2, 4)]
    corner = torch.rand(number, 2, generator=g) * 20
    sides = torch.linspace(2, 60, number)[:, None]
    boxes = torch.cat([corner, corner + sides], dim=1)[torch.randperm(number, generator=g)]
    found = pooled_features(extractor, features, boxes)
    rois = torch.cat([torch.zeros(number, 1), boxes], dim=1)
    expected = extractor(tuple(features), rois) if number else torch.zeros(0, 2, 3, 3)
    torch.testing.assert_close(found, expected)
