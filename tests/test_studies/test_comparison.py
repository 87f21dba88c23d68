"""Comparisons of models: what the terminal shows, and what cannot be drawn of a pipeline."""

from pathlib import Path

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.logging import MMLogger

from mmhps.studies.comparison import draw_sample, load_configs

CONFIG = Path(__file__).parents[2] / "configs/mini/hps_r18_mini.py"


def test_pipeline_without_ground_truth():
    sample = DetDataSample(metainfo=dict(img_path="a.png"))
    with pytest.raises(ValueError, match=r"a\.png: the pipeline delivers no gt_panoptic_seg"):
        draw_sample(torch.zeros(3, 2, 2, dtype=torch.uint8), sample, ("road",), [(1, 2, 3)])


def test_reading_configs_leaves_the_terminal_to_mmhps(request, capsys):
    logger = MMLogger.get_instance(request.node.name)
    load_configs([str(CONFIG)], {})
    logger.info("of another package")
    logger.warning("a warning")
    assert capsys.readouterr().out == "WARNING: a warning\n"
