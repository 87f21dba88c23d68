"""What cannot be drawn of a pipeline."""

import pytest
import torch
from mmdet.structures import DetDataSample

from mmhps.studies.comparison import draw_sample


def test_pipeline_without_ground_truth():
    sample = DetDataSample(metainfo=dict(img_path="a.png"))
    with pytest.raises(ValueError, match=r"a\.png: the pipeline delivers no gt_panoptic_seg"):
        draw_sample(torch.zeros(3, 2, 2, dtype=torch.uint8), sample, ("road",), [(1, 2, 3)])
